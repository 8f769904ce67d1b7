import { refusals } from '#features/refusals.ts'
import { addOAuthApplication, addOAuthProfile, unique } from '../things.ts'
import { type Case, inEachTenant, type Row, seenOf } from '../table.ts'
import { absentId, freshUser, type World } from '../world.ts'
import { acting, filters } from './shared.ts'

// OAuth applications (issue 4, OAuth reference C.1 to C.3 and E): 12 reaches all; 11 and 28 reach, without administrative
// access, the tenant where the caller resides, and from the system tenant those administered.

const by = 'issue 4; OAuth reference C.1, C.3'
const words = {
  tenant: refusals.noSuchTenant,
  nobody: refusals.userNotFound,
} as const

const body = (more: Record<string, unknown> = {}) => ({
  name: `Upstream ${unique()}`,
  dataStore: 54,
  clientId: 'the-client',
  clientSecret: 'the-secret-of-it',
  authorizeURI: 'https://upstream.example/authorize',
  tokenURI: 'https://upstream.example/token',
  ...more,
})

const sees = (answer: unknown, { estates }: World): readonly string[] =>
  seenOf(
    (answer as { applications: { id: string }[] }).applications,
    (key) => estates[key].upstream,
  )

const lists: readonly Row[] = [
  {
    endpoint: 'list-oauth-applications',
    by: `${by}, E.5`,
    cases: filters,
    sees,
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        SAB  SA   S    SA   A    A    A    -    -    -    401  B
  id=S       S    S    S    S    -    -    -    -    -    -    401  -
  name=S     S    S    S    S    -    -    -    -    -    -    401  -
  id=A       A    A    -    A    A    A    A    -    -    -    401  -
  name=A     A    A    -    A    A    A    A    -    -    -    401  -
  id=B       B    -    -    -    -    -    -    -    -    -    401  B
  name=B     B    -    -    -    -    -    -    -    -    -    401  B
  id=absent  0    -    -    -    -    -    -    -    -    -    401  -
  name=absent 0   -    -    -    -    -    -    -    -    -    401  -
  both       A    A    -    A    A    A    A    -    -    -    401  -
  crossed    0    -    -    -    -    -    -    -    -    -    401  -`,
  },
  {
    endpoint: 'list-oauth-applications',
    about: 'for somebody else',
    by: 'issue 4; OAuth reference E.4',
    words,
    cases: acting(() => ({})),
    sees,
    // The named user's tenant rule, cut by the caller's own reach. Without 21 (sysO, kidO) one acts for oneself alone.
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  self       SAB  SA   S    SA   A    A    A    -    -    -    401  B
  SELF       SAB  SA   S    SA   A    A    A    -    -    -    401  B
  S          S    -    -    -    -    -    -    -    -    -    401  -
  A          A    A    -    -    A    -    -    -    -    -    401  -
  a          A    A    -    -    A    -    -    -    -    -    401  -
  B          B    -    -    -    -    -    -    -    -    -    401  B
  disabled   A    A    -    -    A    -    -    -    -    -    401  -
  holds22    A    -    -    -    A    -    -    -    -    -    401  -
  holds12    SAB  -    -    -    -    -    -    -    -    -    401  -
  unknown    nobody - -    -    -    -    -    -    -    -    401  -`,
  },
  {
    endpoint: 'list-oauth-applications',
    about: 'for somebody else in a tenant',
    by: 'issue 4: filters in any combination',
    words,
    cases: acting(({ estates }) => ({ query: { tenantId: estates.A.tenantId } })),
    sees,
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  self       A    A    -    A    A    A    A    -    -    -    401  -
  SELF       A    A    -    A    A    A    A    -    -    -    401  -
  S          0    -    -    -    -    -    -    -    -    -    401  -
  A          A    A    -    -    A    -    -    -    -    -    401  -
  a          A    A    -    -    A    -    -    -    -    -    401  -
  B          0    -    -    -    -    -    -    -    -    -    401  -
  disabled   A    A    -    -    A    -    -    -    -    -    401  -
  holds22    A    -    -    -    A    -    -    -    -    -    401  -
  holds12    A    -    -    -    -    -    -    -    -    -    401  -
  unknown    nobody - -    -    -    -    -    -    -    -    401  -`,
  },
]

const inTenant = (key: 'S' | 'A' | 'B'): Case => {
  return ({ estates }) => ({ body: body({ tenantId: estates[key].tenantId }) })
}

const creating: readonly Row[] = [
  {
    endpoint: 'create-oauth-application',
    by,
    words,
    cases: {
      own: () => ({ body: body() }),
      S: inTenant('S'),
      A: inTenant('A'),
      B: inTenant('B'),
      absent: () => ({ body: body({ tenantId: absentId }) }),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ok   ok   ok   ok   ok   ok   -    -    -    401  ok
  S          ok   ok   ok   ok   -    -    -    -    -    -    401  -
  A          ok   ok   -    ok   ok   ok   ok   -    -    -    401  -
  B          ok   -    -    -    -    -    -    -    -    -    401  ok
  absent     tenant -  -    -    -    -    -    -    -    -    401  -`,
  },
  {
    endpoint: 'create-oauth-application',
    about: 'for somebody else',
    by: 'OAuth reference E.4',
    words,
    cases: acting(() => ({ body: body() })),
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  self       ok   ok   ok   ok   ok   ok   ok   -    -    -    401  ok
  SELF       ok   ok   ok   ok   ok   ok   ok   -    -    -    401  ok
  S          ok   -    -    -    -    -    -    -    -    -    401  -
  A          ok   ok   -    -    ok   -    -    -    -    -    401  -
  a          ok   ok   -    -    ok   -    -    -    -    -    401  -
  B          ok   -    -    -    -    -    -    -    -    -    401  ok
  disabled   ok   ok   -    -    ok   -    -    -    -    -    401  -
  holds22    ok   -    -    -    ok   -    -    -    -    -    401  -
  holds12    ok   -    -    -    -    -    -    -    -    -    401  -
  unknown    nobody - -    -    -    -    -    -    -    -    401  -`,
  },
]

const residing = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S          ok   ok   ok   ok   ?    ?    ?    -    -    -    401  ?
  A          ok   ok   ?    ok   ok   ok   ok   -    -    -    401  ?
  B          ok   ?    ?    ?    ?    ?    ?    -    -    -    401  ok
  absent     ?    ?    ?    ?    ?    ?    ?    -    -    -    401  ?`

// An application of A, for the named user: whoever that user is, the caller's own reach does not grow.
const ofA = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  self       ok   ok   ?    ok   ok   ok   ok   -    -    -    401  ?
  SELF       ok   ok   ?    ok   ok   ok   ok   -    -    -    401  ?
  S          ?    -    -    -    -    -    -    -    -    -    401  -
  A          ok   ok   -    -    ok   -    -    -    -    -    401  -
  a          ok   ok   -    -    ok   -    -    -    -    -    401  -
  B          ?    -    -    -    -    -    -    -    -    -    401  ?
  disabled   ok   ok   -    -    ok   -    -    -    -    -    401  -
  holds22    ok   -    -    -    ok   -    -    -    -    -    401  -
  holds12    ok   -    -    -    -    -    -    -    -    -    401  -
  unknown    nobody - -    -    -    -    -    -    -    -    401  -`

const fresh = ({ app, estates }: World, key: 'S' | 'A' | 'B'): Promise<number> =>
  addOAuthApplication(app, estates[key].tenantId)

const single = (endpoint: string, bodyOf: () => object): readonly Row[] => [
  { endpoint, by, cases: inEachTenant(fresh, bodyOf), expect: residing },
  {
    endpoint,
    about: 'for somebody else',
    by: 'OAuth reference E.4',
    words,
    cases: acting(async (world) => ({ ...bodyOf(), id: await fresh(world, 'A') })),
    expect: ofA,
  },
]

const again =
  (key: 'S' | 'A' | 'B'): Case =>
  async (world) => {
    const { app, estates } = world
    const owner = await freshUser(world, key)
    const profileId = await addOAuthProfile(app, owner, estates.S.upstream)
    return { id: estates.S.upstream, body: { profileId } }
  }

/** A link for a new profile, or to connect again one of a user of that tenant. */
const connecting: readonly Row[] = [
  {
    endpoint: 'connect-oauth-application',
    about: 'through whose application',
    by: 'issue 5; OAuth reference C.1; T83',
    cases: inEachTenant(
      ({ estates }, key) => estates[key].upstream,
      () => ({ body: { name: `Account ${unique()}` } }),
    ),
    // CreateDataSource (1) alone. Those of the own tenant and of the system tenant; also 12 uses no others for itself.
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S          ok   ok   ok   -    ok   ok   -    -    -    -    401  ok
  A          ?    ?    ?    -    ok   ok   -    -    -    -    401  ?
  B          ?    ?    ?    -    ?    ?    -    -    -    -    401  ok
  absent     ?    ?    ?    -    ?    ?    -    -    -    -    401  ?`,
  },
  {
    endpoint: 'connect-oauth-application',
    about: 'whose profile again',
    by: 'issue 5; OAuth reference C.6',
    words: { profile: refusals.noSuchOAuthProfile },
    cases: {
      own: async ({ app, estates: { S } }, caller) => ({
        id: S.upstream,
        body: { profileId: await addOAuthProfile(app, caller, S.upstream) },
      }),
      other: async ({ app, estates: { A, S } }, caller) => ({
        id: S.upstream,
        body: { profileId: await addOAuthProfile(app, caller, A.upstream) },
      }),
      S: again('S'),
      A: again('A'),
      B: again('B'),
      absent: ({ estates: { S } }) => ({ id: S.upstream, body: { profileId: absentId } }),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ok   ok   -    ok   ok   -    -    -    -    401  ok
  other      profile profile profile - profile profile - - - - 401 profile
  S          profile profile profile - profile profile - - - - 401 profile
  A          profile profile profile - profile profile - - - - 401 profile
  B          profile profile profile - profile profile - - - - 401 profile
  absent     profile profile profile - profile profile - - - - 401 profile`,
  },
  {
    endpoint: 'connect-oauth-application',
    about: 'for somebody else',
    by: 'issue 5: an account is connected by its user alone',
    cases: acting(({ estates: { S } }) => ({
      id: S.upstream,
      body: { name: `Account ${unique()}` },
    })),
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  self       self self self -    self self -    -    -    -    401  self
  SELF       self self self -    self self -    -    -    -    401  self
  S          self self self -    self self -    -    -    -    401  self
  A          self self self -    self self -    -    -    -    401  self
  a          self self self -    self self -    -    -    -    401  self
  B          self self self -    self self -    -    -    -    401  self
  disabled   self self self -    self self -    -    -    -    401  self
  holds22    self self self -    self self -    -    -    -    401  self
  holds12    self self self -    self self -    -    -    -    401  self
  unknown    self self self -    self self -    -    -    -    401  self`,
  },
]

export const oauthApplicationRows: readonly Row[] = [
  ...lists,
  ...creating,
  ...single('read-oauth-application', () => ({})),
  ...single('update-oauth-application', () => ({ body: body() })),
  ...single('delete-oauth-application', () => ({})),
  ...single('list-oauth-application-dependents', () => ({})),
  ...connecting,
  {
    endpoint: 'list-usable-oauth-applications',
    by: 'issue 4; OAuth reference C.1',
    cases: { store54: () => ({ id: 54 }), store9: () => ({ id: 9 }) },
    sees,
    // CreateDataSource (1) alone. Those of the own tenant, and those of the system tenant that are open to all.
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  store54    S    S    S    -    SA   SA   -    -    -    -    401  SB
  store9     ?    ?    ?    -    ?    ?    -    -    -    -    401  ?`,
  },
]
