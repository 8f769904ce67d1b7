import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { isUsableIn } from '../oauth-applications/usable.ts'
import { type OAuthProfile, profileNameKey } from './profile.ts'

type Columns = {
  id: number
  owner_id: number
  tenant_id: number
  application_id: number
  name: string
  description: string
}

const columns = ['id', 'owner_id', 'tenant_id', 'application_id', 'name', 'description'] as const

const toProfile = (row: Columns): OAuthProfile => ({
  id: row.id,
  ownerId: row.owner_id,
  tenantId: row.tenant_id,
  applicationId: row.application_id,
  name: row.name,
  description: row.description,
})

/** Which part of a list is wanted. */
export type OAuthProfilePage = {
  readonly dataStore?: number | undefined
  readonly oauthAppId?: number | undefined
  readonly limit?: number | undefined
  readonly after?: number | undefined
}

/** A profile as lists show it: with what its application says (OAuth reference C.4), as long as that may be used. */
export type ListedProfile = OAuthProfile & {
  readonly authorizeUri: string
  readonly tokenUri: string
  readonly scope: string
}

/**
 * Removes a profile, or all of an owner, application or tenant, with their tokens and history. Data sources that used one
 * stay, without it, in another revision: what is open is not used again (OAuth reference C.3, C.5).
 */
export function* removeProfiles(
  { sql }: Pick<Store, 'sql'>,
  by: 'id' | 'owner_id' | 'application_id' | 'tenant_id',
  id: number,
): Command<void> {
  const profiles = sql.selectFrom('oauth_profiles').select('id').where(by, '=', id)
  yield* run(
    sql
      .updateTable('data_sources')
      .set((e) => ({ oauth_profile_id: null, revision: e('revision', '+', 1) }))
      .where('oauth_profile_id', 'in', profiles),
  )
  yield* run(sql.deleteFrom('oauth_profiles').where(by, '=', id))
}

/** Reads and writes of OAuth profiles, without their tokens; each function is a command. */
export const createOAuthProfileStore = ({ sql }: Store) => {
  /** Those of an owner, by id; one more than the limit, where there are more. */
  function* list(
    ownerId: number,
    { dataStore, oauthAppId, limit, after }: OAuthProfilePage,
  ): Command<readonly ListedProfile[]> {
    let query = sql
      .selectFrom('oauth_profiles as p')
      .innerJoin('oauth_applications as a', 'a.id', 'p.application_id')
      .select(['p.id', 'p.owner_id', 'p.tenant_id', 'p.application_id', 'p.name', 'p.description'])
      .select(['a.tenant_id as in_tenant', 'a.available_to_tenants as available'])
      .select(['a.authorize_uri', 'a.token_uri', 'a.scope'])
      .where('p.owner_id', '=', ownerId)
      .orderBy('p.id')
    if (dataStore !== undefined) query = query.where('a.data_store', '=', dataStore)
    if (oauthAppId !== undefined) query = query.where('a.id', '=', oauthAppId)
    if (after !== undefined) query = query.where('p.id', '>', after)
    if (limit !== undefined) query = query.limit(limit + 1)
    return (yield* all(query)).map((row) => {
      const application = { tenantId: row.in_tenant, availableToTenants: row.available === 1 }
      const usable = isUsableIn(application, row.tenant_id)
      return {
        ...toProfile(row),
        authorizeUri: usable ? row.authorize_uri : '',
        tokenUri: usable ? row.token_uri : '',
        scope: usable ? row.scope : '',
      }
    })
  }

  function* read(id: number): Command<OAuthProfile | undefined> {
    const row = yield* first(sql.selectFrom('oauth_profiles').select(columns).where('id', '=', id))
    return row && toProfile(row)
  }

  /** Whether an owner has the name already, for another profile than the given one. */
  function* isTaken(ownerId: number, name: string, exceptId = 0): Command<boolean> {
    const row = yield* first(
      sql
        .selectFrom('oauth_profiles')
        .select('id')
        .where('owner_id', '=', ownerId)
        .where('name_key', '=', profileNameKey(name))
        .where('id', '<>', exceptId),
    )
    return row !== undefined
  }

  /** The new id, or undefined when the owner has a profile of this name. */
  function* insert(profile: Omit<OAuthProfile, 'id'>, now: number): Command<number | undefined> {
    const row = yield* first(
      sql
        .insertInto('oauth_profiles')
        .values({
          owner_id: profile.ownerId,
          tenant_id: profile.tenantId,
          application_id: profile.applicationId,
          name: profile.name,
          name_key: profileNameKey(profile.name),
          description: profile.description,
          created_at: now,
        })
        .onConflict((conflict) => conflict.columns(['owner_id', 'name_key']).doNothing())
        .returning('id'),
    )
    return row?.id
  }

  /** Writes name, description and application; the owner and its tenant are for good. */
  function* update(profile: OAuthProfile): Command<void> {
    yield* run(
      sql
        .updateTable('oauth_profiles')
        .set({
          application_id: profile.applicationId,
          name: profile.name,
          name_key: profileNameKey(profile.name),
          description: profile.description,
        })
        .where('id', '=', profile.id),
    )
  }

  function* remove(id: number): Command<void> {
    yield* removeProfiles({ sql }, 'id', id)
  }

  return { list, read, isTaken, insert, update, remove }
}

export type OAuthProfileStore = ReturnType<typeof createOAuthProfileStore>
