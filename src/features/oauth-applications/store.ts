import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { idsOf, type Reach } from '../access/reach.ts'
import {
  type OAuthApplication,
  type OAuthApplicationFields,
  oauthApplicationNameKey,
} from './application.ts'

type Columns = {
  id: number
  tenant_id: number
  data_store: number
  name: string
  description: string
  client_id: string
  authorize_uri: string
  token_uri: string
  scope: string
  available_to_tenants: number
  revision: number
}

/** All but the secret: secrets.ts alone reads and writes it. */
export const columns = [
  'id',
  'tenant_id',
  'data_store',
  'name',
  'description',
  'client_id',
  'authorize_uri',
  'token_uri',
  'scope',
  'available_to_tenants',
  'revision',
] as const

export const toApplication = (row: Columns): OAuthApplication => ({
  id: row.id,
  tenantId: row.tenant_id,
  dataStore: row.data_store,
  name: row.name,
  description: row.description,
  clientId: row.client_id,
  authorizeUri: row.authorize_uri,
  tokenUri: row.token_uri,
  scope: row.scope,
  availableToTenants: row.available_to_tenants === 1,
  revision: row.revision,
})

const fieldColumns = (fields: OAuthApplicationFields & { availableToTenants: boolean }) => ({
  name: fields.name,
  name_key: oauthApplicationNameKey(fields.name),
  description: fields.description,
  client_id: fields.clientId,
  authorize_uri: fields.authorizeUri,
  token_uri: fields.tokenUri,
  scope: fields.scope,
  available_to_tenants: fields.availableToTenants ? 1 : 0,
})

/** Which part of a list is wanted. */
export type OAuthApplicationPage = {
  readonly dataStore?: number | undefined
  readonly limit?: number | undefined
  readonly after?: number | undefined
}

/** Reads and writes of OAuth applications; each function is a command. */
export const createOAuthApplicationStore = ({ sql }: Store) => {
  const select = () => sql.selectFrom('oauth_applications').select(columns)

  /** Those of the tenants of a reach, by id; one more than the limit, where there are more. */
  function* list(
    reach: Reach,
    { dataStore, limit, after }: OAuthApplicationPage,
  ): Command<readonly OAuthApplication[]> {
    const tenants = idsOf(reach)
    if (tenants?.length === 0) return []
    let query = select().orderBy('id')
    if (tenants !== undefined) query = query.where('tenant_id', 'in', tenants)
    if (dataStore !== undefined) query = query.where('data_store', '=', dataStore)
    if (after !== undefined) query = query.where('id', '>', after)
    if (limit !== undefined) query = query.limit(limit + 1)
    return (yield* all(query)).map(toApplication)
  }

  function* read(id: number): Command<OAuthApplication | undefined> {
    const row = yield* first(select().where('id', '=', id))
    return row && toApplication(row)
  }

  /** Whether a name is taken in a tenant and data store, by another one than the given id. */
  function* isTaken(
    application: Pick<OAuthApplication, 'id' | 'tenantId' | 'dataStore'>,
    name: string,
  ): Command<boolean> {
    const row = yield* first(
      sql
        .selectFrom('oauth_applications')
        .select('id')
        .where('tenant_id', '=', application.tenantId)
        .where('data_store', '=', application.dataStore)
        .where('name_key', '=', oauthApplicationNameKey(name))
        .where('id', '<>', application.id),
    )
    return row !== undefined
  }

  /** Inserts it, still without its secret; the new id, or undefined when the name is taken. */
  function* insert(
    application: Omit<OAuthApplication, 'id' | 'revision'>,
    now: number,
  ): Command<number | undefined> {
    const row = yield* first(
      sql
        .insertInto('oauth_applications')
        .values({
          ...fieldColumns(application),
          tenant_id: application.tenantId,
          data_store: application.dataStore,
          client_secret: null,
          revision: 1,
          created_at: now,
        })
        .onConflict((conflict) =>
          conflict.columns(['tenant_id', 'data_store', 'name_key']).doNothing(),
        )
        .returning('id'),
    )
    return row?.id
  }

  function* update(application: OAuthApplication): Command<void> {
    const { id, revision } = application
    yield* run(
      sql
        .updateTable('oauth_applications')
        .set({ ...fieldColumns(application), revision })
        .where('id', '=', id),
    )
  }

  function* remove(id: number): Command<void> {
    yield* run(sql.deleteFrom('oauth_applications').where('id', '=', id))
  }

  return { list, read, isTaken, insert, update, remove }
}

export type OAuthApplicationStore = ReturnType<typeof createOAuthApplicationStore>
