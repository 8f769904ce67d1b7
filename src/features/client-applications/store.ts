import type { GrantType } from '#oauth/model.ts'
import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Application, ApplicationFields } from './application.ts'

type Columns = {
  id: number
  owner_id: number
  tenant_id: number
  client_id: string
  client_type: 'confidential' | 'public'
  name: string
  description: string
  redirect_uris: string
  grant_types: string
  data_sources: string
  rotate_refresh_tokens: number
  enabled: number
  available_to_tenants: number
  revision: number
  created_at: number
  last_used_at: number | null
}

export const applicationColumns = [
  'a.id',
  'a.owner_id',
  'a.tenant_id',
  'a.client_id',
  'a.client_type',
  'a.name',
  'a.description',
  'a.redirect_uris',
  'a.grant_types',
  'a.data_sources',
  'a.rotate_refresh_tokens',
  'a.enabled',
  'a.available_to_tenants',
  'a.revision',
  'a.created_at',
  'a.last_used_at',
] as const

export const toApplication = (row: Columns): Application => ({
  id: row.id,
  ownerId: row.owner_id,
  tenantId: row.tenant_id,
  clientId: row.client_id,
  clientType: row.client_type,
  name: row.name,
  description: row.description,
  redirectUrls: JSON.parse(row.redirect_uris) as string[],
  grantTypes: JSON.parse(row.grant_types) as GrantType[],
  dataSources: JSON.parse(row.data_sources) as number[],
  rotatesRefreshTokens: row.rotate_refresh_tokens === 1,
  enabled: row.enabled === 1,
  availableToTenants: row.available_to_tenants === 1,
  revision: row.revision,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at ?? undefined,
})

const fieldColumns = (fields: ApplicationFields) => ({
  name: fields.name,
  description: fields.description,
  redirect_uris: JSON.stringify(fields.redirectUrls),
  grant_types: JSON.stringify(fields.grantTypes),
  data_sources: JSON.stringify(fields.dataSources),
  rotate_refresh_tokens: fields.rotatesRefreshTokens ? 1 : 0,
  enabled: fields.enabled ? 1 : 0,
  available_to_tenants: fields.availableToTenants ? 1 : 0,
})

/** Reads and writes of client applications; each function is a command. */
export const createApplicationStore = ({ sql }: Store) => {
  const select = () => sql.selectFrom('client_applications as a').select(applicationColumns)

  function* list(ownerId: number | undefined): Command<readonly Application[]> {
    const query = ownerId === undefined ? select() : select().where('a.owner_id', '=', ownerId)
    return (yield* all(query.orderBy('a.id'))).map(toApplication)
  }

  /** @param ownerId the only owner who may see it; undefined for an administrator */
  function* read(id: number, ownerId: number | undefined): Command<Application | undefined> {
    const query = select().where('a.id', '=', id)
    const row = yield* first(
      ownerId === undefined ? query : query.where('a.owner_id', '=', ownerId),
    )
    return row && toApplication(row)
  }

  /** Whether the owner has so many applications or more. */
  function* hasAtLeast(ownerId: number, count: number): Command<boolean> {
    const query = select().where('a.owner_id', '=', ownerId)
    return (yield* first(query.limit(1).offset(count - 1))) !== undefined
  }

  function* insert(
    owner: { readonly userId: number; readonly tenantId: number },
    fields: ApplicationFields,
    identity: Pick<Application, 'clientId' | 'clientType' | 'createdAt'>,
  ): Command<number> {
    const row = yield* first(
      sql
        .insertInto('client_applications')
        .values({
          ...fieldColumns(fields),
          owner_id: owner.userId,
          tenant_id: owner.tenantId,
          client_id: identity.clientId,
          client_type: identity.clientType,
          revision: 1,
          created_at: identity.createdAt,
          last_used_at: null,
        })
        .returning('id'),
    )
    if (row === undefined) throw new Error('the database returned no id')
    return row.id
  }

  function* update(id: number, fields: ApplicationFields, revision: number): Command<void> {
    yield* run(
      sql
        .updateTable('client_applications')
        .set({ ...fieldColumns(fields), revision })
        .where('id', '=', id),
    )
  }

  /** Consents, chains, codes, tokens and secrets go with it. */
  function* remove(id: number): Command<void> {
    yield* run(sql.deleteFrom('client_applications').where('id', '=', id))
  }

  return {
    list,
    read,
    hasAtLeast,
    insert,
    update,
    remove,
  }
}

export type ApplicationStore = ReturnType<typeof createApplicationStore>
