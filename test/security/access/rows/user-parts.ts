import { refusals } from '#features/refusals.ts'
import type { Case, Row } from '../table.ts'
import { absentId, freshUser, type World } from '../world.ts'
import { changed, changing, viewed, viewing } from './users.ts'

// What of a user has an address of its own (management reference 2.1, 2.3), and what one may ask about oneself.

const by = 'management reference 2.1, 2.3'
const words = {
  own: refusals.ownAccount,
  role: refusals.roleNotOfTenant,
  tenant: refusals.noSuchTenant,
  elsewhere: { status: 400, code: 222208426 },
} as const

const statuses: readonly Row[] = [
  {
    endpoint: 'update-user-status',
    by: `${by}; rule 10 of 1.3`,
    cases: changed(() => ({ status: 0 })),
    expect: changing,
  },
  {
    endpoint: 'update-user-status',
    about: 'of oneself',
    by: 'management reference 2.2',
    words,
    cases: {
      same: (_, caller) => ({ id: caller.id, body: { status: 1 } }),
      off: (_, caller) => ({ id: caller.id, body: { status: 0 } }),
      locked: (_, caller) => ({ id: caller.id, body: { status: 1, accountLocked: true } }),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  same       ok   ?    ?    -    ok   ?    -    -    -    -    401  ok
  off        own  ?    ?    -    own  ?    -    -    -    -    401  own
  locked     own  ?    ?    -    own  ?    -    -    -    -    401  own`,
  },
]

const grants = (more: (world: World) => { roles?: number[]; permissions?: number[] }): Case => {
  return async (world) => {
    const { id } = await freshUser(world, 'A')
    const { roles = [world.estates.A.readers], permissions = [] } = more(world)
    return { id, body: { roles, permissions } }
  }
}

const permissionRows: readonly Row[] = [
  {
    endpoint: 'update-user-permissions',
    by: `${by}; rule 10 of 1.3`,
    cases: changed(({ estates }, _, key) => ({ roles: [estates[key].readers], permissions: [] })),
    expect: changing,
  },
  {
    endpoint: 'update-user-permissions',
    about: 'what is given',
    by: 'rules 2, 9 and 10 of management reference 1.3',
    words,
    cases: {
      ownSame: ({ estates }, caller) => ({
        id: caller.id,
        body: {
          roles: [estates[caller.kind.tenant].empty],
          permissions: [...caller.kind.permissions],
        },
      }),
      ownLess: ({ estates }, caller) => ({
        id: caller.id,
        body: { roles: [estates[caller.kind.tenant].empty], permissions: [7] },
      }),
      gives22: grants(() => ({ permissions: [22] })),
      gives28: grants(() => ({ permissions: [28] })),
      roleOfB: grants(({ estates }) => ({ roles: [estates.B.readers] })),
      roleAbsent: grants(() => ({ roles: [absentId] })),
      noRole: grants(() => ({ roles: [] })),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  ownSame    ok   ?    ?    -    ok   ?    -    -    -    -    401  ok
  ownLess    -    ?    ?    -    -    ?    -    -    -    -    401  -
  gives22    ok   -    ?    -    ok   ?    -    -    -    -    401  ?
  gives28    ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  roleOfB    role role ?    -    role ?    -    -    -    -    401  ?
  roleAbsent role role ?    -    role ?    -    -    -    -    401  ?
  noRole     role role ?    -    role ?    -    -    -    -    401  ?`,
  },
]

const administers = (of: 'S' | 'A', tenants: (world: World) => number[]): Case => {
  return async (world) => ({
    id: (await freshUser(world, of)).id,
    body: { tenantsAdministered: tenants(world) },
  })
}

const tenantRows: readonly Row[] = [
  {
    endpoint: 'update-user-tenants',
    by: `${by}; rule 10 of 1.3`,
    cases: changed(() => ({ tenantsAdministered: [] })),
    expect: changing,
  },
  {
    endpoint: 'update-user-tenants',
    about: 'what is given',
    by: 'management reference 3.3',
    words,
    cases: {
      AofA: administers('A', ({ estates }) => [estates.A.tenantId]),
      BofA: administers('A', ({ estates }) => [estates.B.tenantId]),
      absentOfA: administers('A', () => [absentId]),
      AofS: administers('S', ({ estates }) => [estates.A.tenantId]),
      manyOfS: administers('S', ({ estates }) => [1, estates.A.tenantId, estates.B.tenantId]),
    },
    // Users of a child tenant administer it alone; nobody gives access to a tenant that they do not administer.
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  AofA       ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  BofA       elsewhere - ?  -    -    ?    -    -    -    -    401  ?
  absentOfA  tenant -  ?    -    -    ?    -    -    -    -    401  ?
  AofS       ok   ?    ?    -    ?    ?    -    -    -    -    401  ?
  manyOfS    ok   ?    ?    -    ?    ?    -    -    -    -    401  ?`,
  },
]

// MgmtAPI (11), of oneself.
const aboutOneself = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ok   ok   ok   ok   ok   ok   ok   -    -    401  ok`
const nothing = { own: () => ({}) }

export const userPartRows: readonly Row[] = [
  { endpoint: 'read-user-status', by, cases: viewed, expect: viewing },
  ...statuses,
  { endpoint: 'read-user-permissions', by, cases: viewed, expect: viewing },
  ...permissionRows,
  { endpoint: 'read-user-authentication', by, cases: viewed, expect: viewing },
  {
    endpoint: 'update-user-authentication',
    by: `${by}; rule 10 of 1.3`,
    cases: changed((_, { name }) => ({ authUsers: [{ authUserName: name, authServiceId: 1 }] })),
    expect: changing,
  },
  { endpoint: 'read-user-tenants', by, cases: viewed, expect: viewing },
  ...tenantRows,
  { endpoint: 'list-data-sources-of-user', by, cases: viewed, expect: viewing },
  {
    endpoint: 'read-own-user',
    by: 'management reference 2.1',
    cases: nothing,
    expect: aboutOneself,
  },
  {
    endpoint: 'list-own-permissions',
    by: 'management reference 1.5',
    cases: nothing,
    expect: aboutOneself,
  },
]
