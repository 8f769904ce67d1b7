import { refusals } from '#features/refusals.ts'
import { addApplication, addConsent, unique } from '../things.ts'
import { type Case, inEachTenant, type Row, seenOf } from '../table.ts'
import { absentId, absentName, type Caller, freshUser, type World } from '../world.ts'
import { filters, holder, reachedList } from './shared.ts'

// Users (management reference 2.1, 2.2): permissions 13 to 16 and administrative access.

const by = 'management reference 2.1'

const words = {
  role: refusals.roleNotOfTenant,
  tenant: refusals.noSuchTenant,
  own: refusals.ownAccount,
  used: { status: 400, code: 222208423 },
  elsewhere: { status: 400, code: 222208426 },
} as const

/** Users of each tenant, and the caller itself, whom it sees where it administers its own tenant. */
export const viewing = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ?    ?    -    ok   ?    -    -    -    -    401  ok
  S          ok   ?    ?    -    ?    ?    -    -    -    -    401  ?
  A          ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  B          ok   ?    ?    -    ?    ?    -    -    -    -    401  ok
  absent     ?    ?    ?    -    ?    ?    -    -    -    -    401  ?`

export const viewed: Readonly<Record<string, Case>> = {
  own: (_, caller) => ({ id: caller.id }),
  ...inEachTenant(({ estates }, key) => estates[key].plain.id),
}

/** Fresh users of each tenant, and two of A who hold more than sys+ (22), and than all but 12 do (12). */
export const changed = (
  bodyOf: (world: World, user: { id: number; name: string }, key: 'S' | 'A' | 'B') => unknown,
): Readonly<Record<string, Case>> => {
  const of =
    (key: 'S' | 'A' | 'B', ...permissions: number[]): Case =>
    async (world) => {
      const user = await holder(world, key, ...permissions)
      return { id: user.id, body: bodyOf(world, user, key) }
    }
  return {
    S: of('S'),
    A: of('A'),
    B: of('B'),
    absent: (world) => ({
      id: absentId,
      body: bodyOf(world, { id: absentId, name: absentName }, 'A'),
    }),
    holds22: of('A', 22),
    holds12: of('A', 12),
  }
}

/** Who lacks a tenant or elevated permission of a user does not touch that user (rule 10). */
export const changing = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S          ok   ?    ?    -    ?    ?    -    -    -    -    401  ?
  A          ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  B          ok   ?    ?    -    ?    ?    -    -    -    -    401  ok
  absent     ?    ?    ?    -    ?    ?    -    -    -    -    401  ?
  holds22    ok   -    ?    -    ok   ?    -    -    -    -    401  ?
  holds12    ok   -    ?    -    -    ?    -    -    -    -    401  ?`

type Grants = { readonly roles: readonly number[]; readonly permissions: readonly number[] }

const bodyFor = (grants: Grants, more: Record<string, unknown> = {}) => ({
  userName: `fresh-${unique()}`,
  statusInfo: { status: 1 },
  permissions: grants,
  ...more,
})

const passwordInfo = { password: 'a password of fixtures', passwordStatus: 1 }

/** A new user of a tenant, or of the caller's own. */
const create = (
  key: 'S' | 'A' | 'B' | 'own',
  more: (world: World) => { roles?: number[]; permissions?: number[]; tenantId?: number },
): Case => {
  return (world, caller) => {
    const estate = world.estates[key === 'own' ? caller.kind.tenant : key]
    const { roles = [estate.readers], permissions = [], tenantId = estate.tenantId } = more(world)
    const where = key === 'own' ? {} : { tenantId }
    return { body: bodyFor({ roles, permissions }, { passwordInfo, ...where }) }
  }
}

const plain = () => ({})

const creating: Row = {
  endpoint: 'create-user',
  by: `${by}; rules 2 and 10 of 1.3`,
  words,
  cases: {
    own: create('own', plain),
    S: create('S', plain),
    A: create('A', plain),
    B: create('B', plain),
    absent: create('A', () => ({ tenantId: absentId })),
    roleOfB: create('A', ({ estates }) => ({ roles: [estates.B.readers] })),
    roleAbsent: create('A', () => ({ roles: [absentId] })),
    noRole: create('A', () => ({ roles: [] })),
    gives28: create('A', () => ({ permissions: [28] })),
    gives22: create('A', () => ({ permissions: [22] })),
    gives12: create('S', () => ({ permissions: [12] })),
  },
  expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   -    -    -    ok   -    -    -    -    -    401  ok
  S          ok   -    -    -    -    -    -    -    -    -    401  -
  A          ok   ok   -    -    ok   -    -    -    -    -    401  -
  B          ok   -    -    -    -    -    -    -    -    -    401  ok
  absent     tenant -  -    -    -    -    -    -    -    -    401  -
  roleOfB    role role -    -    role -    -    -    -    -    401  -
  roleAbsent role role -    -    role -    -    -    -    -    401  -
  noRole     role role -    -    role -    -    -    -    -    401  -
  gives28    ok   ok   -    -    ok   -    -    -    -    -    401  -
  gives22    ok   -    -    -    ok   -    -    -    -    -    401  -
  gives12    ok   -    -    -    -    -    -    -    -    -    401  -`,
}

/** What the caller has anyhow, but for what is said. */
const ownBody = (world: World, caller: Caller, more: Partial<Grants> = {}) => ({
  userName: caller.name,
  statusInfo: { status: 1 },
  permissions: {
    roles: [world.estates[caller.kind.tenant].empty],
    permissions: [...caller.kind.permissions],
    ...more,
  },
})

const replacedInA = (
  more: (world: World) => { roles?: number[]; permissions?: number[]; tenantId?: number },
): Case => {
  return async (world) => {
    const { id } = await freshUser(world, 'A')
    const { roles = [world.estates.A.readers], permissions = [], ...rest } = more(world)
    return { id, body: bodyFor({ roles, permissions }, rest) }
  }
}

const replacing: readonly Row[] = [
  {
    endpoint: 'update-user',
    by: `${by}; rule 10 of 1.3`,
    cases: changed(({ estates }, { name }, key) => ({
      userName: name,
      statusInfo: { status: 1 },
      permissions: { roles: [estates[key].readers], permissions: [] },
    })),
    expect: changing,
  },
  {
    endpoint: 'update-user',
    about: 'what is given and where to',
    by: 'management reference 2.2; rules 2, 9 and 10 of 1.3',
    words,
    cases: {
      // The own account: as it is, with a permission less, disabled.
      same: (world, caller) => ({ id: caller.id, body: ownBody(world, caller) }),
      less: (world, caller) => ({
        id: caller.id,
        body: ownBody(world, caller, { permissions: [7] }),
      }),
      off: (world, caller) => ({
        id: caller.id,
        body: { ...ownBody(world, caller), statusInfo: { status: 0 } },
      }),
      gives22: replacedInA(() => ({ permissions: [22] })),
      gives28: replacedInA(() => ({ permissions: [28] })),
      roleOfB: replacedInA(({ estates }) => ({ roles: [estates.B.readers] })),
      roleAbsent: replacedInA(() => ({ roles: [absentId] })),
      toB: replacedInA(({ estates: { B } }) => ({ roles: [B.readers], tenantId: B.tenantId })),
      toAbsent: replacedInA(() => ({ tenantId: absentId })),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  same       ok   ?    ?    -    ok   ?    -    -    -    -    401  ok
  less       -    ?    ?    -    -    ?    -    -    -    -    401  -
  off        own  ?    ?    -    own  ?    -    -    -    -    401  own
  gives22    ok   -    ?    -    ok   ?    -    -    -    -    401  ?
  gives28    ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  roleOfB    role role ?    -    role ?    -    -    -    -    401  ?
  roleAbsent role role ?    -    role ?    -    -    -    -    401  ?
  toB        ok   -    ?    -    -    ?    -    -    -    -    401  ?
  toAbsent   tenant -  ?    -    -    ?    -    -    -    -    401  ?`,
  },
]

/** A user whose client application somebody else uses. */
const usedByOthers = async (world: World): Promise<number> => {
  const user = await freshUser(world, 'A')
  const application = await addApplication(world.app, user)
  await addConsent(world.app, world.estates.A.plain.id, application)
  return user.id
}

const removing: readonly Row[] = [
  {
    endpoint: 'delete-user',
    by: `${by}; rule 10 of 1.3`,
    cases: changed(() => undefined),
    expect: changing,
  },
  {
    endpoint: 'delete-user',
    about: 'oneself, and whom others depend on',
    by: 'management reference 2.2; issue 4',
    words,
    cases: {
      own: (_, caller) => ({ id: caller.id }),
      used: async (world) => ({ id: await usedByOthers(world) }),
      cascade: async (world) => ({ id: await usedByOthers(world), query: { cascade: true } }),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        own  ?    ?    -    own  ?    -    -    -    -    401  own
  used       used used ?    -    used ?    -    -    -    -    401  ?
  cascade    ok   ok   ?    -    ok   ?    -    -    -    -    401  ?`,
  },
]

const idsIn = (answer: unknown) => (answer as { users: { id: number }[] }).users

export const userRows: readonly Row[] = [
  {
    endpoint: 'list-users',
    by: `${by}, 6`,
    cases: filters,
    sees: (answer, { estates }) => seenOf(idsIn(answer), (key) => estates[key].plain.id),
    expect: reachedList,
  },
  creating,
  { endpoint: 'read-user', by, cases: viewed, expect: viewing },
  ...replacing,
  ...removing,
  { endpoint: 'list-user-dependents', by: 'issue 4', cases: viewed, expect: viewing },
  {
    endpoint: 'find-users-by-authentication-name',
    by: `${by}, 2.3`,
    cases: {
      S: ({ estates }) => ({ name: estates.S.plain.name }),
      A: ({ estates }) => ({ name: estates.A.plain.name.toUpperCase() }),
      B: ({ estates }) => ({ name: estates.B.plain.name }),
      absent: () => ({ name: absentName }),
    },
    sees: (answer, { estates }) => seenOf(idsIn(answer), (key) => estates[key].plain.id),
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S          S    0    0    -    0    0    -    -    -    -    401  0
  A          A    A    0    -    A    0    -    -    -    -    401  0
  B          B    0    0    -    0    0    -    -    -    -    401  B
  absent     0    0    0    -    0    0    -    -    -    -    401  0`,
  },
]
