import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { idsOf, type Reach } from '../access/reach.ts'
import { nameKey } from '../access/tenant-filter.ts'
import type { Tenant, TenantFields } from './tenant.ts'

type Columns = { id: number; name: string; description: string; status: number }

/** Lists are read in pieces where a limit is given. */
export type Page = { readonly limit?: number | undefined; readonly after?: number | undefined }

const toTenant = (row: Columns): Tenant => ({
  id: row.id,
  name: row.name,
  description: row.description,
  active: row.status === 1,
})

const columnsOf = (fields: TenantFields) => ({
  name: fields.name,
  name_key: nameKey(fields.name),
  description: fields.description,
  status: fields.active ? 1 : 0,
})

/** Reads and writes of tenants; each function is a command. */
export const createTenantStore = ({ sql }: Store) => {
  /** The tenants within a reach, by id; one more than the limit, so that the caller sees whether there are more. */
  function* list(
    reach: Reach,
    { limit, after = 0 }: Page,
  ): Command<readonly { readonly id: number; readonly name: string }[]> {
    const ids = idsOf(reach)
    if (ids?.length === 0) return []
    let statement = sql.selectFrom('tenants').select(['id', 'name']).where('id', '>', after)
    if (ids !== undefined) statement = statement.where('id', 'in', ids)
    if (limit !== undefined) statement = statement.limit(limit + 1)
    return yield* all(statement.orderBy('id'))
  }

  function* read(id: number): Command<Tenant | undefined> {
    const row = yield* first(
      sql
        .selectFrom('tenants')
        .select(['id', 'name', 'description', 'status'])
        .where('id', '=', id),
    )
    return row && toTenant(row)
  }

  /** The new id, or undefined when the name is taken. */
  function* insert(fields: TenantFields, now: number): Command<number | undefined> {
    const row = yield* first(
      sql
        .insertInto('tenants')
        .values({ ...columnsOf(fields), created_at: now })
        .onConflict((conflict) => conflict.column('name_key').doNothing())
        .returning('id'),
    )
    return row?.id
  }

  /** False, and nothing is changed, when another tenant has the name. */
  function* update(id: number, fields: TenantFields): Command<boolean> {
    const columns = columnsOf(fields)
    const changed = yield* run(
      sql
        .updateTable('tenants')
        .set(columns)
        .where('id', '=', id)
        .where((e) =>
          e.not(
            e.exists(
              e
                .selectFrom('tenants as other')
                .select('other.id')
                .where('other.name_key', '=', columns.name_key)
                .where('other.id', '<>', id),
            ),
          ),
        ),
    )
    return changed === 1
  }

  function* rolesOf(id: number): Command<readonly number[]> {
    const rows = yield* all(
      sql.selectFrom('roles').select('id').where('tenant_id', '=', id).orderBy('id'),
    )
    return rows.map((row) => row.id)
  }

  return { list, read, insert, update, rolesOf }
}

export type TenantStore = ReturnType<typeof createTenantStore>
