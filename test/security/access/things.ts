import { randomBytes } from 'node:crypto'
import { nameKey } from '#features/access/tenant-filter.ts'
import { dataSourceNameKey } from '#features/data-sources/data-source.ts'
import { profileNameKey } from '#features/oauth-profiles/profile.ts'
import { first, run } from '#store/command.ts'
import type { Schema } from '#store/schema.ts'
import type { TestApp } from '#test/support/app.ts'

// Rows as they stand in the database, made without the endpoints that are under test.

type Named =
  | 'client_applications'
  | 'data_sources'
  | 'oauth_applications'
  | 'oauth_profiles'
  | 'upstream_tokens'
  | 'upstream_events'
  | 'consents'
  | 'chains'

/** Inserts a row; answers its id. */
const insert = async (
  app: TestApp,
  table: Named,
  values: Readonly<Record<string, unknown>>,
): Promise<number> => {
  const { sql, write } = app.core.store
  const row = await write(() =>
    first(
      sql
        .insertInto(table)
        .values(values as never)
        .returning('id'),
    ),
  )
  if (row === undefined) throw new Error(`nothing was inserted into ${table}`)
  return row.id
}

export type Owner = { readonly id: number; readonly tenantId: number }

/** Texts of a thing that nothing compares: each may be a canary. */
export type Texts = { readonly name?: string; readonly text?: string }

export const unique = (): string => randomBytes(6).toString('hex')

/** A confidential client application. */
export const addApplication = (app: TestApp, owner: Owner, texts: Texts = {}): Promise<number> => {
  const { name = `Application ${unique()}`, text = '' } = texts
  return insert(app, 'client_applications', {
    owner_id: owner.id,
    tenant_id: owner.tenantId,
    client_id: `${unique()}${text}.apps.hdp`,
    client_type: 'confidential',
    name,
    description: text,
    redirect_uris: JSON.stringify([`https://client.example/${text}`]),
    grant_types: JSON.stringify(['authorization_code', 'refresh_token']),
    data_sources: '[]',
    rotate_refresh_tokens: 0,
    enabled: 1,
    available_to_tenants: 0,
    revision: 1,
    created_at: app.clock.now(),
    last_used_at: null,
  })
}

/** A data source over `file` of the owner's tenant. */
export const addDataSource = (
  app: TestApp,
  owner: Owner,
  texts: Texts & {
    readonly file?: string
    readonly permissions?: readonly number[]
    /** An OAuth profile that it uses. */
    readonly profile?: number
  } = {},
): Promise<number> => {
  const { name = `source-${unique()}`, text = '', file = 'same.db', permissions } = texts
  return insert(app, 'data_sources', {
    owner_id: owner.id,
    tenant_id: owner.tenantId,
    name,
    name_key: dataSourceNameKey(name),
    data_store: 5001,
    connection_type: 'Cloud',
    description: text,
    options: JSON.stringify({ Database: file }),
    permissions: permissions === undefined ? null : JSON.stringify(permissions),
    oauth_profile_id: texts.profile ?? null,
    revision: 1,
    created_at: app.clock.now(),
  })
}

/** An OAuth application without a secret, of Google Analytics. */
export const addOAuthApplication = (
  app: TestApp,
  tenantId: number,
  texts: Texts = {},
): Promise<number> => {
  const { name = `Upstream ${unique()}`, text = '' } = texts
  return insert(app, 'oauth_applications', {
    tenant_id: tenantId,
    data_store: 54,
    name,
    name_key: nameKey(name),
    description: text,
    client_id: `client-${text}`,
    client_secret: null,
    authorize_uri: `https://upstream.example/authorize/${text}`,
    token_uri: `https://upstream.example/token/${text}`,
    scope: text,
    available_to_tenants: 1,
    revision: 1,
    created_at: app.clock.now(),
  })
}

/** An OAuth profile that is ready, though without tokens, and has a history. */
export const addOAuthProfile = async (
  app: TestApp,
  owner: Owner,
  applicationId: number,
  texts: Texts = {},
): Promise<number> => {
  const { name = `Profile ${unique()}`, text = '' } = texts
  const now = app.clock.now()
  const id = await insert(app, 'oauth_profiles', {
    owner_id: owner.id,
    tenant_id: owner.tenantId,
    application_id: applicationId,
    name,
    name_key: profileNameKey(name),
    description: text,
    created_at: now,
  })
  const token = await insert(app, 'upstream_tokens', {
    tenant_id: owner.tenantId,
    profile_id: id,
    generation: 1,
    account: text,
    state: 'ready',
    state_at: now,
    failures: 0,
  })
  await insert(app, 'upstream_events', {
    token_id: token,
    at: now,
    cause: 'written',
    outcome: 'stored',
    detail: text,
    expires_at: now + 3_600_000,
  })
  return id
}

/** What a user gave to an application, with a chain that lives. */
export const addConsent = async (
  app: TestApp,
  userId: number,
  applicationId: number,
): Promise<number> => {
  const now = app.clock.now()
  const id = await insert(app, 'consents', {
    user_id: userId,
    application_id: applicationId,
    scope: 'api.access.odata',
    selection: JSON.stringify({ kind: 'only', ids: [] }),
    redirect_host: 'client.example',
    application_revision: 1,
    created_at: now,
    last_used_at: null,
  })
  await insert(app, 'chains', {
    consent_id: id,
    grant_type: 'authorization_code',
    scope: 'api.access.odata',
    selection: JSON.stringify({ kind: 'only', ids: [] }),
    redirect_uri: 'https://client.example/',
    generation: 0,
    created_at: now,
    expires_at: now + 3_600_000,
  })
  return id
}

export type LimitLevel = Schema['limit_values']['level']

/** A limit that was set, MaxFetchRows unless told otherwise. */
export const addLimit = async (
  app: TestApp,
  of: {
    readonly level: LimitLevel
    readonly subject: number
    readonly value: string
    readonly limit?: number
  },
): Promise<void> => {
  const { sql, write } = app.core.store
  const { level, subject, value, limit = 1 } = of
  const values = {
    level,
    subject_id: subject,
    limit_id: limit,
    value,
    tenant_id: level === 'tenant' ? subject : null,
    user_id: level === 'user' ? subject : null,
    data_source_id: level === 'data-source' ? subject : null,
  }
  await write(function* () {
    yield* run(
      sql
        .deleteFrom('limit_values')
        .where('level', '=', level)
        .where('subject_id', '=', subject)
        .where('limit_id', '=', limit),
    )
    yield* run(sql.insertInto('limit_values').values(values))
  })
}
