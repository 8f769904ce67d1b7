import { first, run } from '#store/command.ts'
import type { Schema } from '#store/schema.ts'
import type { Person, TestApp } from './app.ts'
import { manage } from './oauth.ts'

export const oauthProfiles = '/api/mgmt/oauthprofiles'

/** The sample of the reference (C.5) but for its application: what creates an OAuth profile. */
export const sampleProfile = {
  name: 'User_1',
  description: 'OAuth profile 1',
  accessToken: '111c334445e55',
  refreshToken: '222d88899966fa',
} as const

/** Creates an OAuth profile over HTTP; answers its id. */
export const createOAuthProfile = async (
  app: TestApp,
  person: Person,
  fields: Record<string, unknown>,
): Promise<number> => {
  const answer = await manage(app, 'POST', oauthProfiles, {
    person,
    body: { ...sampleProfile, ...fields },
  })
  if (answer.status !== 201)
    throw new Error(`creating: ${answer.status} ${JSON.stringify(answer.body)}`)
  return Number(answer.body['id'])
}

/** Makes data sources use a profile, as their owners would. */
export const linkSources = async (
  app: TestApp,
  profileId: number,
  sourceIds: readonly number[],
): Promise<void> => {
  const { sql, write } = app.core.store
  await write(() =>
    run(
      sql
        .updateTable('data_sources')
        .set({ oauth_profile_id: profileId })
        .where('id', 'in', sourceIds),
    ),
  )
}

/** Which profile a data source uses, and in which revision it is. */
export const linkOf = async (
  app: TestApp,
  sourceId: number,
): Promise<{ readonly profile: number | null; readonly revision: number } | undefined> => {
  const { sql, read } = app.core.store
  const row = await read(() =>
    first(
      sql
        .selectFrom('data_sources')
        .select(['oauth_profile_id as profile', 'revision'])
        .where('id', '=', sourceId),
    ),
  )
  return row && { ...row }
}

export type TokenRow = Schema['upstream_tokens']

/** The tokens of a profile as they stand in the database. */
export const tokenRowOf = async (app: TestApp, profileId: number) => {
  const { sql, read } = app.core.store
  return read(() =>
    first(sql.selectFrom('upstream_tokens').selectAll().where('profile_id', '=', profileId)),
  )
}

/** Changes what stands there, as a refresh or an intruder would. */
export const changeTokens = async (
  app: TestApp,
  profileId: number,
  values: Partial<Omit<TokenRow, 'id'>>,
): Promise<void> => {
  const { sql, write } = app.core.store
  await write(() =>
    run(sql.updateTable('upstream_tokens').set(values).where('profile_id', '=', profileId)),
  )
}
