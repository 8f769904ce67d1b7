import { type Command, all, first, prepare, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { readSourcePermissions } from '../access/source-permissions.ts'
import { type DataSource, dataSourceNameKey } from './data-source.ts'

type Columns = {
  id: number
  owner_id: number
  tenant_id: number
  name: string
  data_store: number
  connection_type: string
  description: string | null
  options: string
  oauth_profile_id: number | null
  permissions: string | null
  revision: number
  model_demand: number
}

const columns = [
  'id',
  'owner_id',
  'tenant_id',
  'name',
  'data_store',
  'connection_type',
  'description',
  'options',
  'oauth_profile_id',
  'permissions',
  'revision',
  'model_demand',
] as const

const toDataSource = (row: Columns): DataSource => ({
  id: row.id,
  ownerId: row.owner_id,
  tenantId: row.tenant_id,
  name: row.name,
  dataStore: row.data_store,
  connectionType: row.connection_type,
  description: row.description ?? undefined,
  options: JSON.parse(row.options) as Record<string, string>,
  oauthProfileId: row.oauth_profile_id ?? undefined,
  permissions: readSourcePermissions(row.permissions),
  revision: row.revision,
  modelDemand: row.model_demand,
})

const toColumn = (permissions: readonly number[] | undefined): string | null =>
  permissions === undefined ? null : JSON.stringify(permissions)

/** Lists are read in pieces where a limit is given. */
export type Page = { readonly limit?: number | undefined; readonly after?: number | undefined }

/** Reads and writes of data sources; each function is a command. */
export const createDataSourceStore = ({ sql }: Store) => {
  const select = () => sql.selectFrom('data_sources').select(columns)
  const byId = prepare<{ id: number }, Columns>((slot) => select().where('id', '=', slot('id')))
  const byName = prepare<{ owner: number; key: string }, Columns>((slot) =>
    select().where('owner_id', '=', slot('owner')).where('name_key', '=', slot('key')),
  )

  /** By id; one more than the limit, so that the caller sees whether there are more; only those of these data stores. */
  function* list(
    ownerId: number,
    { limit, after = 0 }: Page = {},
    dataStores?: readonly number[],
  ): Command<readonly DataSource[]> {
    if (dataStores?.length === 0) return []
    let statement = select().where('owner_id', '=', ownerId).where('id', '>', after)
    if (dataStores !== undefined) statement = statement.where('data_store', 'in', dataStores)
    if (limit !== undefined) statement = statement.limit(limit + 1)
    return (yield* all(statement.orderBy('id'))).map(toDataSource)
  }

  function* readById(id: number): Command<DataSource | undefined> {
    const row = yield* first(byId({ id }))
    return row && toDataSource(row)
  }

  function* readByName(ownerId: number, name: string): Command<DataSource | undefined> {
    const row = yield* first(byName({ owner: ownerId, key: dataSourceNameKey(name) }))
    return row && toDataSource(row)
  }

  /** The new id, or undefined when the owner has a data source of this name. */
  function* insert(
    source: Omit<DataSource, 'id' | 'revision' | 'modelDemand'>,
    now: number,
  ): Command<number | undefined> {
    const row = yield* first(
      sql
        .insertInto('data_sources')
        .values({
          owner_id: source.ownerId,
          tenant_id: source.tenantId,
          name: source.name,
          name_key: dataSourceNameKey(source.name),
          data_store: source.dataStore,
          connection_type: source.connectionType,
          description: source.description ?? null,
          options: JSON.stringify(source.options),
          oauth_profile_id: source.oauthProfileId ?? null,
          permissions: toColumn(source.permissions),
          revision: 1,
          created_at: now,
        })
        .onConflict((conflict) => conflict.columns(['owner_id', 'name_key']).doNothing())
        .returning('id'),
    )
    return row?.id
  }

  /** Whether the owner has the name already, for another data source. */
  function* isTaken({ id, ownerId }: Pick<DataSource, 'id' | 'ownerId'>, name: string) {
    const found = yield* first(byName({ owner: ownerId, key: dataSourceNameKey(name) }))
    return found !== undefined && found.id !== id
  }

  /** Writes what can be changed, in the given revision, without secrets. */
  function* update(source: DataSource): Command<void> {
    yield* run(
      sql
        .updateTable('data_sources')
        .set({
          name: source.name,
          name_key: dataSourceNameKey(source.name),
          description: source.description ?? null,
          options: JSON.stringify(source.options),
          oauth_profile_id: source.oauthProfileId ?? null,
          permissions: toColumn(source.permissions),
          revision: source.revision,
        })
        .where('id', '=', source.id),
    )
  }

  function* setPermissions(id: number, permissions: readonly number[] | undefined): Command<void> {
    yield* run(
      sql
        .updateTable('data_sources')
        .set({ permissions: toColumn(permissions) })
        .where('id', '=', id),
    )
  }

  function* remove(id: number, ownerId: number): Command<boolean> {
    return (
      (yield* run(
        sql.deleteFrom('data_sources').where('id', '=', id).where('owner_id', '=', ownerId),
      )) === 1
    )
  }

  return {
    list,
    readById,
    readByName,
    isTaken,
    insert,
    update,
    setPermissions,
    remove,
  }
}

export type DataSourceStore = ReturnType<typeof createDataSourceStore>
