import { refusals } from '#features/refusals.ts'
import { addOAuthApplication, unique } from '../things.ts'
import { type Case, inEachTenant, type Row, seenOf } from '../table.ts'
import { absentId, callersOf, type World } from '../world.ts'
import { run } from '#store/command.ts'
import { createPerson } from '#test/support/tenants.ts'
import { forgetAdministrators, freshTenant, reached } from './shared.ts'

// Tenants (management reference 3.2, 3.3): TenantAPI (25) and administrative access.

const by = 'management reference 3.2'
const words = {
  role: refusals.roleNotOfTenant,
  admins: { status: 400, code: 222208430 },
  system: refusals.systemTenant,
  own: refusals.ownAccount,
  full: refusals.tenantNotEmpty,
} as const

const made = (more: (world: World) => Record<string, unknown>): Case => {
  return (world) => ({
    body: { name: `Tenant ${unique()}`, parentTenant: 1, status: 1, ...more(world) },
  })
}

const create: Row = {
  endpoint: 'create-tenant',
  by: `${by}; rule 10`,
  words,
  cases: {
    bare: made(() => ({})),
    // sys+ lacks Configurations (22) and more of the role System Administrator (1), but nothing of User (2).
    role2: made(() => ({ importedRoles: [2] })),
    role1: made(() => ({ importedRoles: [1] })),
    roleOfA: made(({ estates }) => ({ importedRoles: [estates.A.readers] })),
    roleOfB: made(({ estates }) => ({ importedRoles: [estates.B.readers] })),
    roleAbsent: made(() => ({ importedRoles: [absentId] })),
    // Users of the system tenant; without 12 only of tenants that the caller administers.
    adminOfS: made(({ estates }) => ({ admins: [estates.S.plain.id] })),
    adminOfA: made(({ estates }) => ({ admins: [estates.A.plain.id] })),
    adminOfB: made(({ estates }) => ({ admins: [estates.B.plain.id] })),
    adminAbsent: made(() => ({ admins: [absentId] })),
    below: made(({ estates }) => ({ parentTenant: estates.A.tenantId })),
  },
  // Who resides in a child tenant creates none.
  expect: `
              12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  bare        ok   ok   ok   -    -    -    -    -    -    -    401  -
  role2       ok   ok   ok   -    -    -    -    -    -    -    401  -
  role1       ok   -    -    -    -    -    -    -    -    -    401  -
  roleOfA     role role role -    -    -    -    -    -    -    401  -
  roleOfB     role role role -    -    -    -    -    -    -    401  -
  roleAbsent  role role role -    -    -    -    -    -    -    401  -
  adminOfS    ok   admins admins - -   -    -    -    -    -    401  -
  adminOfA    admins admins admins - - -    -    -    -    -    401  -
  adminOfB    admins admins admins - - -    -    -    -    -    401  -
  adminAbsent admins admins admins - - -    -    -    -    -    401  -
  below       bad  bad  bad  -    -    -    -    -    -    -    401  -`,
}

const ofTenant = inEachTenant(({ estates }, key) => estates[key].tenantId)

/** A body that changes nothing. */
const same = (key: 'S' | 'A' | 'B', status = 1): Case => {
  return ({ estates }) => ({
    id: estates[key].tenantId,
    body: {
      name: estates[key].tenantName,
      description: key === 'S' ? '' : `${estates[key].canary} description`,
      status,
    },
  })
}

const update: Row = {
  endpoint: 'update-tenant',
  by,
  cases: {
    S: same('S'),
    A: same('A'),
    B: same('B'),
    absent: () => ({ id: absentId, body: { name: `Tenant ${unique()}`, status: 1 } }),
  },
  expect: reached,
}

/** All of them active again. */
const enable = async ({ app }: World): Promise<void> => {
  const { sql, write } = app.core.store
  await write(() => run(sql.updateTable('tenants').set({ status: 1 })))
}

const disable: Row = {
  endpoint: 'update-tenant',
  about: 'disabling',
  by: 'DESIGN invariant 16; rule 10 of management reference 1.3 for the users of the tenant',
  words,
  restore: enable,
  cases: {
    fresh: async (world, caller) => ({
      id: await freshTenant(world, caller),
      body: { name: `Tenant ${unique()}`, status: 0 },
    }),
    S: same('S', 0),
    A: same('A', 0),
    B: same('B', 0),
  },
  // Users of A hold what sys+ lacks. Nobody disables the tenant where they reside.
  expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  fresh      ok   ok   ok   -    ?    ?    -    -    -    -    401  ?
  S          system ?  ?    -    ?    ?    -    -    -    -    401  ?
  A          ok   -    ?    -    own  ?    -    -    -    -    401  ?
  B          ok   ?    ?    -    ?    ?    -    -    -    -    401  own`,
}

const removal: Row = {
  endpoint: 'delete-tenant',
  by,
  words,
  cases: {
    fresh: async (world, caller) => ({ id: await freshTenant(world, caller) }),
    ...inEachTenant(({ estates }, key) => estates[key].tenantId),
  },
  expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  fresh      ok   ok   ok   -    ?    ?    -    -    -    -    401  ?
  S          system ?  ?    -    ?    ?    -    -    -    -    401  ?
  A          full full ?    -    own  ?    -    -    -    -    401  ?
  B          full ?    ?    -    ?    ?    -    -    -    -    401  own
  absent     ?    ?    ?    -    ?    ?    -    -    -    -    401  ?`,
}

const peopled = (...permissions: number[]): Case => {
  return async (world, caller) => {
    const tenantId = await freshTenant(world, caller)
    await createPerson(world.app, { name: `fresh-${unique()}`, tenantId, permissions })
    await addOAuthApplication(world.app, tenantId)
    return { id: tenantId, query: { cascade: true } }
  }
}

const cascading: Row = {
  endpoint: 'delete-tenant',
  about: 'with cascade',
  by: 'issue 4; rule 10 of management reference 1.3 for the users that go',
  words,
  cases: { ordinary: peopled(7), holds22: peopled(22), holds12: peopled(12) },
  expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  ordinary   ok   ok   ok   -    ?    ?    -    -    -    -    401  ?
  holds22    ok   -    -    -    ?    ?    -    -    -    -    401  ?
  holds12    ok   -    -    -    ?    ?    -    -    -    -    401  ?`,
}

/** Those who administer a tenant at this moment, and these. */
const administratorsOf = (
  key: 'S' | 'A' | 'B',
  more: (world: World) => number[] = () => [],
): Case => {
  return (world) => ({
    id: world.estates[key].tenantId,
    body: {
      admins: [
        ...callersOf(world)
          .filter(({ kind }) => kind.administers.includes(key))
          .map(({ id }) => id),
        ...more(world),
      ],
    },
  })
}

const administrators: Row = {
  endpoint: 'update-tenant-admins',
  by: 'management reference 3.3',
  words,
  restore: forgetAdministrators,
  cases: {
    S: administratorsOf('S'),
    A: administratorsOf('A'),
    B: administratorsOf('B'),
    absent: () => ({ id: absentId, body: { admins: [] } }),
    adminOfS: administratorsOf('A', ({ estates }) => [estates.S.plain.id]),
    adminOfA: administratorsOf('A', ({ estates }) => [estates.A.plain.id]),
    adminOfB: administratorsOf('A', ({ estates }) => [estates.B.plain.id]),
    adminAbsent: administratorsOf('A', () => [absentId]),
    oneself: async (world, caller) => {
      const { id, body } = await administratorsOf('A')(world, caller)
      const { admins } = body as { admins: number[] }
      return { id: id ?? 0, body: { admins: admins.filter((user) => user !== caller.id) } }
    },
  },
  // Users of the system tenant and of the tenant itself, and without 12 only whom the caller may see. Nobody removes oneself.
  expect: `
              12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S           ok   ?    ?    -    ?    ?    -    -    -    -    401  ?
  A           ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  B           ok   ?    ?    -    ?    ?    -    -    -    -    401  ok
  absent      ?    ?    ?    -    ?    ?    -    -    -    -    401  ?
  adminOfS    ok   admins ?  -    admins ?  -    -    -    -    401  ?
  adminOfA    ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  adminOfB    admins admins ? -   admins ?  -    -    -    -    401  ?
  adminAbsent admins admins ? -   admins ?  -    -    -    -    401  ?
  oneself     ok   own  ?    -    own  ?    -    -    -    -    401  ?`,
}

export const tenantRows: readonly Row[] = [
  {
    endpoint: 'list-tenants',
    by,
    cases: { all: () => ({}) },
    sees: (answer, { estates }) =>
      seenOf((answer as { tenants: { id: number }[] }).tenants, (key) => estates[key].tenantId),
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        SAB  A    0    -    A    0    -    -    -    -    401  B`,
  },
  create,
  { endpoint: 'read-tenant', by, cases: ofTenant, expect: reached },
  update,
  disable,
  removal,
  cascading,
  { endpoint: 'list-tenant-dependents', by, cases: ofTenant, expect: reached },
  { endpoint: 'read-tenant-admins', by, cases: ofTenant, expect: reached },
  administrators,
]
