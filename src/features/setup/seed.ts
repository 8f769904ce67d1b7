import type { Clock } from '#lib/clock.ts'
import type { Secret } from '#lib/secret.ts'
import { type Command, first, run } from '#store/command.ts'
import { advanceIdentity } from '#store/identity.ts'
import type { Store } from '#store/store.ts'
import { hasAnAdministrator } from '../access/administrators.ts'
import { defaultRoles, permissions, systemTenantId } from '../access/permissions.ts'
import type { PasswordHasher } from '../authentication/passwords.ts'
import { userNameKey } from '../users/user.ts'

/** The first facts of an empty database: system tenant, permissions, roles. Nothing is done twice. */
export const seedAccess = (store: Store, clock: Clock): Promise<void> => {
  const { sql } = store
  return store.write(function* () {
    const there = yield* first(
      sql.selectFrom('tenants').select('id').where('id', '=', systemTenantId),
    )
    if (there !== undefined) return
    yield* run(
      sql.insertInto('tenants').values({
        id: systemTenantId,
        name: 'System',
        name_key: 'system',
        description: 'The system tenant',
        status: 1,
        created_at: clock.now(),
      }),
    )
    yield* run(
      sql
        .insertInto('permissions')
        .values(permissions.map(({ id, name, category }) => ({ id, name, category }))),
    )
    for (const role of defaultRoles) {
      yield* run(
        sql.insertInto('roles').values({
          id: role.id,
          tenant_id: systemTenantId,
          name: role.name,
          name_key: role.name.toLowerCase(),
          description: '',
        }),
      )
      yield* run(
        sql
          .insertInto('role_permissions')
          .values(role.permissions.map((id) => ({ role_id: role.id, permission_id: id }))),
      )
    }
    for (const table of ['tenants', 'roles'] as const) yield* advanceIdentity(store, table)
  })
}

export type FirstUser = {
  readonly userName: string
  readonly roleId: number
  readonly password: Secret
}

/** The first administrator: made again only where there is none, so that one that was deleted or renamed stays away. */
export const firstAdministrator = 'd2cadmin'

/** Those of the given names that do not exist yet. */
export const missingUsers = (
  { sql, read }: Store,
  names: readonly string[],
): Promise<readonly string[]> =>
  read(function* (): Command<readonly string[]> {
    const administered = yield* hasAnAdministrator({ sql })
    const missing: string[] = []
    for (const name of names) {
      if (administered && name === firstAdministrator) continue
      const row = yield* first(
        sql.selectFrom('users').select('id').where('user_name_key', '=', userNameKey(name)),
      )
      if (row === undefined) missing.push(name)
    }
    return missing
  })

/** Creates users of the system tenant; one that exists meanwhile is left as it is. */
export const createFirstUsers = async (
  { sql, write }: Store,
  deps: { readonly clock: Clock; readonly passwords: PasswordHasher },
  users: readonly FirstUser[],
): Promise<void> => {
  for (const user of users) {
    const hash = await deps.passwords.hash(user.password.reveal())
    await write(function* () {
      const row = yield* first(
        sql
          .insertInto('users')
          .values({
            tenant_id: systemTenantId,
            user_name: user.userName,
            user_name_key: userNameKey(user.userName),
            status: 1,
            password_hash: hash,
            password_version: 1,
            password_status: 1,
            password_expires_at: null,
            created_at: deps.clock.now(),
          })
          .onConflict((conflict) => conflict.column('user_name_key').doNothing())
          .returning('id'),
      )
      if (row !== undefined)
        yield* run(sql.insertInto('user_roles').values({ user_id: row.id, role_id: user.roleId }))
    })
  }
}
