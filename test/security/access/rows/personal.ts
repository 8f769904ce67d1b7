import { addApplication, addConsent, addDataSource, unique } from '../things.ts'
import { type Case, inEachTenant, type Row, seenOf } from '../table.ts'
import { absentId, type Caller, freshUser, type World } from '../world.ts'

// What belongs to one user: client applications (OAuth reference A) and the accesses given to them.

const body = () => ({ name: `App ${unique()}`, redirectUrls: ['https://client.example/cb'] })

const withApplication = (more: Record<string, unknown> = {}): Readonly<Record<string, Case>> => ({
  own: async ({ app }, caller) => ({ ...more, id: await addApplication(app, caller) }),
  ...inEachTenant(
    async (world, key) => addApplication(world.app, await freshUser(world, key)),
    more,
  ),
})

const machine = (dataSource: number) => ({
  body: {
    name: `Machine ${unique()}`,
    grantTypes: ['client_credentials'],
    dataSources: [dataSource],
  },
})

const seesApplications = (answer: unknown, world: World): readonly string[] =>
  seenOf(
    (answer as { applications: { id: number }[] }).applications,
    (key) => world.estates[key].application,
  )

const hasConsent = async ({ app }: World, caller: Caller): Promise<number> => {
  const id = await addApplication(app, caller)
  await addConsent(app, caller.id, id)
  return id
}

// Any active user; an application belongs to who registered it; 12 sees and manages all (OAuth reference A.0).
const ownOrAll = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ok   ok   ok   ok   ok   ok   ok   ok   ok   401  ok
  S          ok   ?    ?    ?    ?    ?    ?    ?    ?    ?    401  ?
  A          ok   ?    ?    ?    ?    ?    ?    ?    ?    ?    401  ?
  B          ok   ?    ?    ?    ?    ?    ?    ?    ?    ?    401  ?
  absent     ?    ?    ?    ?    ?    ?    ?    ?    ?    ?    401  ?`

const applications: readonly Row[] = [
  {
    endpoint: 'list-applications',
    by: 'OAuth reference A.0, A.1',
    cases: { all: () => ({}), 'user=': () => ({ query: { user: 'x' } }) },
    sees: seesApplications,
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        SAB  0    0    0    0    0    0    0    0    0    401  0
  user=      self self self self self self self self self self 401  self`,
  },
  {
    endpoint: 'register-application',
    by: 'OAuth reference A.2; DESIGN invariants 12, 13',
    cases: {
      own: () => ({ body: body() }),
      forAll: () => ({ body: { ...body(), availableToTenants: true } }),
      ownSource: async ({ app }, caller) => machine(await addDataSource(app, caller)),
      sourceOfA: ({ estates }) => machine(estates.A.source),
      sourceOfB: ({ estates }) => machine(estates.B.source),
      absent: () => machine(absentId),
    },
    // 12 makes it for itself: what it reads must be its own.
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ok   ok   ok   ok   ok   ok   ok   ok   ok   401  ok
  forAll     ok   -    -    -    -    -    -    -    -    -    401  -
  ownSource  ok   ok   ok   ok   ok   ok   ok   ok   ok   ok   401  ok
  sourceOfA  bad  bad  bad  bad  bad  bad  bad  bad  bad  bad  401  bad
  sourceOfB  bad  bad  bad  bad  bad  bad  bad  bad  bad  bad  401  bad
  absent     bad  bad  bad  bad  bad  bad  bad  bad  bad  bad  401  bad`,
  },
  {
    endpoint: 'read-application',
    by: 'OAuth reference A.0, A.3',
    cases: withApplication(),
    expect: ownOrAll,
  },
  {
    endpoint: 'update-application',
    by: 'OAuth reference A.0, A.4',
    cases: withApplication({ body: { description: 'changed' } }),
    expect: ownOrAll,
  },
  {
    endpoint: 'delete-application',
    by: 'OAuth reference A.0, A.5',
    cases: withApplication(),
    expect: ownOrAll,
  },
  {
    endpoint: 'reset-application',
    by: 'OAuth reference A.0, A.6',
    cases: withApplication(),
    expect: ownOrAll,
  },
]

// A consent is its user's alone: also 12 ends here only what it gave itself (others: /api/admin/…/accesses).
const allowed: readonly Row[] = [
  {
    endpoint: 'list-allowed-applications',
    by: 'OAuth reference A.7',
    cases: { all: async (world, caller) => ({ id: await hasConsent(world, caller) }) },
    sees: (answer, world) =>
      (answer as { applications: object[] }).applications.length > 0
        ? ['o', ...seesApplications(answer, world)]
        : [],
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        o    o    o    o    o    o    o    o    o    o    401  o`,
  },
  {
    endpoint: 'revoke-allowed-application',
    by: 'OAuth reference A.8',
    cases: {
      own: async (world, caller) => ({ id: await hasConsent(world, caller) }),
      ...inEachTenant(({ estates }, key) => estates[key].application),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ok   ok   ok   ok   ok   ok   ok   ok   ok   401  ok
  S          ?    ?    ?    ?    ?    ?    ?    ?    ?    ?    401  ?
  A          ?    ?    ?    ?    ?    ?    ?    ?    ?    ?    401  ?
  B          ?    ?    ?    ?    ?    ?    ?    ?    ?    ?    401  ?
  absent     ?    ?    ?    ?    ?    ?    ?    ?    ?    ?    401  ?`,
  },
]

// Accesses of others: Administrator (12) alone (issue 3; DESIGN invariant 16).
const administratorAlone = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S          ok   -    -    -    -    -    -    -    -    -    401  -
  A          ok   -    -    -    -    -    -    -    -    -    401  -
  B          ok   -    -    -    -    -    -    -    -    -    401  -
  absent     ?    -    -    -    -    -    -    -    -    -    401  -`

const consenting = async (world: World, key: 'S' | 'A' | 'B') => {
  const user = await freshUser(world, key)
  const application = await addApplication(world.app, user)
  await addConsent(world.app, user.id, application)
  return { user: user.id, application }
}

const pair = (turn: boolean): Readonly<Record<string, Case>> => {
  const of =
    (key: 'S' | 'A' | 'B'): Case =>
    async (world) => {
      const { user, application } = await consenting(world, key)
      return turn ? { id: application, other: user } : { id: user, other: application }
    }
  return {
    S: of('S'),
    A: of('A'),
    B: of('B'),
    absent: () => ({ id: absentId, other: absentId }),
  }
}

const by = 'issue 3, accesses; DESIGN invariant 16'
const ofUser = inEachTenant(async (world, key) => (await consenting(world, key)).user)
const ofApplication = inEachTenant(async (world, key) => (await consenting(world, key)).application)

const accesses: readonly Row[] = [
  { endpoint: 'list-accesses-of-user', by, cases: ofUser, expect: administratorAlone },
  { endpoint: 'end-accesses-of-user', by, cases: ofUser, expect: administratorAlone },
  { endpoint: 'end-access-of-user', by, cases: pair(false), expect: administratorAlone },
  {
    endpoint: 'list-accesses-of-application',
    by,
    cases: ofApplication,
    expect: administratorAlone,
  },
  { endpoint: 'end-accesses-of-application', by, cases: ofApplication, expect: administratorAlone },
  { endpoint: 'end-access-of-application', by, cases: pair(true), expect: administratorAlone },
]

export const personalRows: readonly Row[] = [...applications, ...allowed, ...accesses]
