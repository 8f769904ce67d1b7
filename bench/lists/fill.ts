import { join } from 'node:path'
import { parseConfig } from '#config.ts'
import { openStore } from '#open-store.ts'
import { all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Setup } from '../headgate.ts'

/** Users of each tenant; the first one administers it. */
export const usersPerTenant = 20
/** The permissions of a tenant's administrator: 14, 18, 28, and 11 to be let in at all. */
const administering = [11, 14, 18, 28]

/** Someone of the system tenant who administers every tenant without being an administrator (12). */
export const overseer = 'overseer'
export const tenantName = (number: number): string => `tenant-${number}`
/** Everybody has the password of the user `demo`. */
export const userName = (tenant: number, number: number): string => `user-${tenant}-${number}`

const rowsOf = <T>(count: number, row: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => row(index))

const fillUsers = (store: Store, first: number, tenants: readonly number[], hash: string) =>
  store.write(function* () {
    const { sql } = store
    const user = (tenantId: number, name: string) => ({
      tenant_id: tenantId,
      user_name: name,
      user_name_key: name,
      status: 1,
      password_hash: hash,
      password_version: 1,
      password_status: 1,
      password_expires_at: null,
      created_at: 0,
    })
    for (const [index, tenantId] of tenants.entries()) {
      const role = yield* all(
        sql
          .insertInto('roles')
          .values({ tenant_id: tenantId, name: 'User', name_key: 'user', description: '' })
          .returning('id'),
      )
      const roleId = role[0]?.id ?? 0
      const names = rowsOf(usersPerTenant, (number) => userName(first + index, number))
      const made = yield* all(
        sql
          .insertInto('users')
          .values(names.map((name) => user(tenantId, name)))
          .returning('id'),
      )
      const ids = made.map(({ id }) => id).sort((a, b) => a - b)
      yield* run(
        sql.insertInto('user_roles').values(ids.map((id) => ({ user_id: id, role_id: roleId }))),
      )
      const admin = ids[0] ?? 0
      yield* run(
        sql
          .insertInto('user_permissions')
          .values(administering.map((id) => ({ user_id: admin, permission_id: id }))),
      )
      yield* run(
        sql.insertInto('tenants_administered').values({ user_id: admin, tenant_id: tenantId }),
      )
      yield* run(
        sql.insertInto('oauth_applications').values({
          tenant_id: tenantId,
          data_store: 54,
          name: 'Application',
          name_key: 'application',
          description: '',
          client_id: 'c',
          client_secret: null,
          authorize_uri: 'https://accounts.example/authorize',
          token_uri: 'https://accounts.example/token',
          scope: '',
          available_to_tenants: 1,
          revision: 1,
          created_at: 0,
        }),
      )
    }
  })

const makeTenants = (store: Store, count: number): Promise<readonly number[]> =>
  store.write(function* () {
    const made = yield* all(
      store.sql
        .insertInto('tenants')
        .values(
          rowsOf(count, (index) => ({
            name: tenantName(index),
            name_key: tenantName(index),
            description: '',
            status: 1,
            created_at: 0,
          })),
        )
        .returning('id'),
    )
    return made.map(({ id }) => id).sort((a, b) => a - b)
  })

const makeOverseer = (store: Store, tenants: readonly number[], hash: string): Promise<void> =>
  store.write(function* () {
    const { sql } = store
    const row = yield* first(
      sql
        .insertInto('users')
        .values({
          tenant_id: 1,
          user_name: overseer,
          user_name_key: overseer,
          status: 1,
          password_hash: hash,
          password_version: 1,
          password_status: 1,
          password_expires_at: null,
          created_at: 0,
        })
        .returning('id'),
    )
    const id = row?.id ?? 0
    yield* run(
      sql
        .insertInto('user_permissions')
        .values(
          [...administering, 25].map((permission) => ({ user_id: id, permission_id: permission })),
        ),
    )
    yield* run(
      sql
        .insertInto('tenants_administered')
        .values(tenants.map((tenant) => ({ user_id: id, tenant_id: tenant }))),
    )
  })

/** Puts so many tenants with their users into the store of a server that does not run. Answers the ids of the tenants. */
export const fillTenants = async (
  { dataDir, databaseUrl, keys }: Setup,
  count: number,
): Promise<readonly number[]> => {
  const config = parseConfig(
    {
      HEADGATE_DATA_DIR: dataDir,
      ...(databaseUrl === undefined ? {} : { HEADGATE_DATABASE_URL: databaseUrl }),
      ...(keys && { HEADGATE_MASTER_KEYS: keys.master, HEADGATE_PEPPER: keys.pepper }),
    },
    join(dataDir, 'bench'),
  )
  const { store } = await openStore(config)
  try {
    const row = await store.read(() =>
      first(store.sql.selectFrom('users').select('password_hash').where('user_name', '=', 'demo')),
    )
    const hash = row?.password_hash ?? ''
    const tenants = await makeTenants(store, count)
    const batch = 25
    for (let at = 0; at < tenants.length; at += batch)
      await fillUsers(store, at, tenants.slice(at, at + batch), hash)
    await makeOverseer(store, tenants, hash)
    return tenants
  } finally {
    await store.close()
  }
}
