import { nameKey } from '#features/access/tenant-filter.ts'
import { userNameKey } from '#features/users/user.ts'
import { type Command, first, run } from '#store/command.ts'
import type { Schema } from '#store/schema.ts'
import type { Person, TestApp } from './app.ts'

// Tenants, roles and people as they stand in the database, without the endpoints that are under test elsewhere.

/** Everybody made here has it: a hash costs more than everything else that a fixture does. */
export const sharedPassword = 'the-password-of-fixtures'

const hashes = new Map<string, Promise<string>>()

/** The hash of a password, made once in this process. */
const hashOf = (app: TestApp, password: string): Promise<string> => {
  const known = hashes.get(password) ?? app.core.passwords.hash(password)
  hashes.set(password, known)
  return known
}

function* insertAll<T extends 'user_roles' | 'user_permissions' | 'tenants_administered'>(
  app: TestApp,
  table: T,
  rows: readonly Schema[T][],
): Command<void> {
  for (const row of rows) yield* run(app.core.store.sql.insertInto(table).values(row as never))
}

/** Inserts a row; answers its id. */
function* insertOne(
  app: TestApp,
  table: 'tenants' | 'roles' | 'users',
  values: Record<string, string | number | null>,
): Command<number> {
  const row = yield* first(
    app.core.store.sql
      .insertInto(table)
      .values(values as never)
      .returning('id'),
  )
  if (row === undefined) throw new Error(`nothing was inserted into ${table}`)
  return row.id
}

/** A tenant below the system tenant, without roles and users; answers its id. */
export const createTenant = (
  app: TestApp,
  name: string,
  fields: { readonly description?: string; readonly status?: 0 | 1 } = {},
): Promise<number> =>
  app.core.store.write(() =>
    insertOne(app, 'tenants', {
      name,
      name_key: nameKey(name),
      description: fields.description ?? '',
      status: fields.status ?? 1,
      created_at: app.core.clock.now(),
    }),
  )

/** Disables a tenant (0) or enables it again (1). */
export const setTenantStatus = async (app: TestApp, id: number, status: 0 | 1): Promise<void> => {
  const { sql, write } = app.core.store
  await write(() => run(sql.updateTable('tenants').set({ status }).where('id', '=', id)))
}

/** A role with these permissions; answers its id. */
export const createRole = (
  app: TestApp,
  role: {
    readonly name: string
    readonly tenantId: number
    readonly permissions?: readonly number[]
  },
): Promise<number> =>
  app.core.store.write(function* () {
    const id = yield* insertOne(app, 'roles', {
      tenant_id: role.tenantId,
      name: role.name,
      name_key: nameKey(role.name),
      description: '',
    })
    for (const permission_id of role.permissions ?? [])
      yield* run(
        app.core.store.sql.insertInto('role_permissions').values({ role_id: id, permission_id }),
      )
    return id
  })

export type PersonFields = {
  readonly name: string
  /** The system tenant unless given. */
  readonly tenantId?: number
  /** Ids of permissions that the person holds directly. */
  readonly permissions?: readonly number[]
  /** Ids of roles; none unless given, which the API would refuse and the server does not mind. */
  readonly roles?: readonly number[]
  /** Ids of the tenants on which the person has administrative access. */
  readonly administers?: readonly number[]
  readonly password?: string
  readonly status?: 0 | 1
}

/** A person of a test, with the id that the database gave. */
export type KnownPerson = Person & { readonly id: number; readonly tenantId: number }

/** A user with a password that works; many of them cost one hash. */
export const createPerson = async (app: TestApp, fields: PersonFields): Promise<KnownPerson> => {
  const { name, tenantId = 1, password = sharedPassword } = fields
  const password_hash = await hashOf(app, password)
  const id = await app.core.store.write(function* () {
    const user_id = yield* insertOne(app, 'users', {
      tenant_id: tenantId,
      user_name: name,
      user_name_key: userNameKey(name),
      status: fields.status ?? 1,
      password_hash,
      password_version: 1,
      password_status: 1,
      password_expires_at: null,
      created_at: app.core.clock.now(),
    })
    const { roles = [], permissions = [], administers = [] } = fields
    yield* insertAll(
      app,
      'user_roles',
      roles.map((role_id) => ({ user_id, role_id })),
    )
    yield* insertAll(
      app,
      'user_permissions',
      permissions.map((permission_id) => ({ user_id, permission_id })),
    )
    yield* insertAll(
      app,
      'tenants_administered',
      administers.map((tenant_id) => ({ user_id, tenant_id })),
    )
    return user_id
  })
  return { name, password, id, tenantId }
}
