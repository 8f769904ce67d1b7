import { refusals } from '#features/refusals.ts'
import { run } from '#store/command.ts'
import { createRole } from '#test/support/tenants.ts'
import type { TenantKey } from '../callers.ts'
import { unique } from '../things.ts'
import { type Case, inEachTenant, type Row, seenOf } from '../table.ts'
import { absentId, freshUser, type World } from '../world.ts'
import { filters, holder, reached, reachedList } from './shared.ts'

// Roles and permissions (management reference 1.5, 3.1): permissions 17 to 20 and administrative access.

const by = 'management reference 3.1'
const words = {
  standard: refusals.defaultRole,
  inUse: refusals.roleInUse,
  tenant: refusals.noSuchTenant,
  user: { status: 400, code: 222208440 },
} as const

const freshRole = ({ app, estates }: World, key: TenantKey, ...permissions: number[]) =>
  createRole(app, {
    tenantId: estates[key].tenantId,
    name: `Role ${unique()}`,
    permissions: [7, ...permissions],
  })

const body = (more: Record<string, unknown> = {}) => ({
  name: `Role ${unique()}`,
  permissions: [7],
  users: [],
  ...more,
})

const create = (
  more: (world: World) => Record<string, unknown> | Promise<Record<string, unknown>>,
): Case => {
  return async (world) => ({ body: body(await more(world)) })
}
const inA = (more: (world: World) => object | Promise<object> = () => ({})): Case =>
  create(async (world) => ({ tenantId: world.estates.A.tenantId, ...(await more(world)) }))

const creating: Row = {
  endpoint: 'create-role',
  by: `${by}; rule 10 of 1.3`,
  words,
  cases: {
    own: () => ({ body: body() }),
    S: create(() => ({ tenantId: 1 })),
    A: inA(),
    B: create(({ estates }) => ({ tenantId: estates.B.tenantId })),
    absent: create(() => ({ tenantId: absentId })),
    gives28: inA(() => ({ permissions: [28] })),
    gives22: inA(() => ({ permissions: [22] })),
    // Administrator (12) counts in every tenant: only roles of the system tenant have it.
    gives12: create(() => ({ tenantId: 1, permissions: [12] })),
    userOfA: inA(async (world) => ({ users: [(await freshUser(world, 'A')).id] })),
    userOfB: inA(({ estates }) => ({ users: [estates.B.plain.id] })),
    userAbsent: inA(() => ({ users: [absentId] })),
    // Who lacks what a user holds does not touch that user's roles.
    holds22: inA(async (world) => ({ users: [(await holder(world, 'A', 22)).id] })),
    holds12: inA(async (world) => ({ users: [(await holder(world, 'A', 12)).id] })),
    oneself: (world, caller) => ({
      body: body({ tenantId: world.estates[caller.kind.tenant].tenantId, users: [caller.id] }),
    }),
  },
  expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   -    -    -    ok   -    -    -    -    -    401  ok
  S          ok   -    -    -    -    -    -    -    -    -    401  -
  A          ok   ok   -    -    ok   -    -    -    -    -    401  -
  B          ok   -    -    -    -    -    -    -    -    -    401  ok
  absent     tenant -  -    -    -    -    -    -    -    -    401  -
  gives28    ok   ok   -    -    ok   -    -    -    -    -    401  -
  gives22    ok   -    -    -    ok   -    -    -    -    -    401  -
  gives12    ok   -    -    -    -    -    -    -    -    -    401  -
  userOfA    ok   ok   -    -    ok   -    -    -    -    -    401  -
  userOfB    user user -    -    user -    -    -    -    -    401  -
  userAbsent user user -    -    user -    -    -    -    -    401  -
  holds22    ok   -    -    -    ok   -    -    -    -    -    401  -
  holds12    ok   -    -    -    -    -    -    -    -    -    401  -
  oneself    -    -    -    -    -    -    -    -    -    -    401  -`,
}

const replaced = (
  more: (world: World) => Record<string, unknown> | Promise<Record<string, unknown>>,
): Case => {
  return async (world) => ({ id: await freshRole(world, 'A'), body: body(await more(world)) })
}

/** A role of its own that the caller has. */
const held: Case = async (world, caller) => {
  const id = await freshRole(world, caller.kind.tenant)
  const { sql, write } = world.app.core.store
  await write(() => run(sql.insertInto('user_roles').values({ user_id: caller.id, role_id: id })))
  return { id, body: body({ permissions: [7, 8], users: [caller.id] }) }
}

const replacing: readonly Row[] = [
  {
    endpoint: 'update-role',
    by,
    cases: inEachTenant(
      (world, key) => freshRole(world, key),
      () => ({ body: body() }),
    ),
    expect: reached,
  },
  {
    endpoint: 'update-role',
    about: 'what is given and to whom',
    by: 'management reference 1.2, 3.1; rules 9 and 10 of 1.3',
    words,
    cases: {
      default: () => ({ id: 2, body: body() }),
      gives28: replaced(() => ({ permissions: [7, 28] })),
      gives22: replaced(() => ({ permissions: [7, 22] })),
      userOfA: replaced(async (world) => ({ users: [(await freshUser(world, 'A')).id] })),
      userOfB: replaced(({ estates }) => ({ users: [estates.B.plain.id] })),
      userAbsent: replaced(() => ({ users: [absentId] })),
      holds22: replaced(async (world) => ({ users: [(await holder(world, 'A', 22)).id] })),
      holds12: replaced(async (world) => ({ users: [(await holder(world, 'A', 12)).id] })),
      held,
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  default    standard ? ?   -    ?    ?    -    -    -    -    401  ?
  gives28    ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  gives22    ok   -    ?    -    ok   ?    -    -    -    -    401  ?
  userOfA    ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  userOfB    user user ?    -    user ?    -    -    -    -    401  ?
  userAbsent user user ?    -    user ?    -    -    -    -    401  ?
  holds22    ok   -    ?    -    ok   ?    -    -    -    -    401  ?
  holds12    ok   -    ?    -    -    ?    -    -    -    -    401  ?
  held       -    ?    ?    -    -    ?    -    -    -    -    401  -`,
  },
]

const withUser = (...permissions: number[]): Case => {
  return async (world) => {
    const id = await freshRole(world, 'A')
    await freshUser(world, 'A', { roles: [id, world.estates.A.empty], permissions })
    return { id }
  }
}

const cascading =
  (made: Case): Case =>
  async (world, caller) => ({ ...(await made(world, caller)), query: { cascade: true } })

const removing: readonly Row[] = [
  {
    endpoint: 'delete-role',
    by,
    cases: inEachTenant((world, key) => freshRole(world, key)),
    expect: reached,
  },
  {
    endpoint: 'delete-role',
    about: 'that somebody has',
    by: 'management reference 1.2, 3.1; issue 4',
    words,
    cases: {
      default: () => ({ id: 3 }),
      used: withUser(),
      cascade: cascading(withUser()),
      holds22: cascading(withUser(22)),
      holds12: cascading(withUser(12)),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  default    standard ? ?   -    ?    ?    -    -    -    -    401  ?
  used       inUse inUse ?  -    inUse ?   -    -    -    -    401  ?
  cascade    ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  holds22    ok   -    ?    -    ok   ?    -    -    -    -    401  ?
  holds12    ok   -    ?    -    -    ?    -    -    -    -    401  ?`,
  },
]

const ofTenants = inEachTenant(({ estates }, key) => estates[key].readers)

export const roleRows: readonly Row[] = [
  {
    endpoint: 'list-roles',
    by: `${by}, 6`,
    cases: filters,
    sees: (answer, { estates }) =>
      seenOf((answer as { roles: { id: number }[] }).roles, (key) => estates[key].readers),
    expect: reachedList,
  },
  creating,
  { endpoint: 'read-role', by, cases: ofTenants, expect: reached },
  ...replacing,
  ...removing,
  { endpoint: 'list-role-dependents', by: 'issue 4', cases: ofTenants, expect: reached },
  {
    endpoint: 'list-permissions',
    by: 'management reference 1.5',
    cases: { all: () => ({}) },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        ok   ok   ok   ok   ok   ok   ok   ok   -    -    401  ok`,
  },
  {
    endpoint: 'read-permission',
    by: 'management reference 1.5',
    cases: { known: () => ({ id: 12 }), absent: () => ({ id: 30 }) },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  known      ok   ok   ok   ok   ok   ok   ok   ok   -    -    401  ok
  absent     ?    ?    ?    ?    ?    ?    ?    ?    -    -    401  ?`,
  },
]
