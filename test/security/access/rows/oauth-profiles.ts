import { refusals } from '#features/refusals.ts'
import { addOAuthProfile, type Owner, unique } from '../things.ts'
import { type Case, inEachTenant, type Row, seenOf } from '../table.ts'
import { freshUser, type World } from '../world.ts'
import { acting } from './shared.ts'
import { forOthers, madeFor, notTheirs } from './source-permissions.ts'

// OAuth profiles are their owner's: also 12 acts for somebody else only by `?user=` (issue 5, OAuth reference C.4, C.5, E.4).

const by = 'issue 5; OAuth reference C.5'
const words = {
  nobody: refusals.userNotFound,
  app: refusals.noSuchOAuthApplication,
} as const

const body = (oauthAppId: number) => ({
  name: `Profile ${unique()}`,
  oauthAppId,
  refreshToken: 'the-refresh-token-of-it',
})

/** A profile of an owner through the system tenant's application, which every tenant may use. */
const add = ({ app, estates }: World, owner: Owner): Promise<number> =>
  addOAuthProfile(app, owner, estates.S.upstream)

const sees = (answer: unknown, { estates }: World): readonly string[] =>
  seenOf((answer as { profiles: { id: string }[] }).profiles, (key) => estates[key].profile)

// 11, and the operation's own permission: sysO, kidO and 11 lack it.
const ownAlone = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ok   ok   -    ok   ok   -    -    -    -    401  ok
  S          ?    ?    ?    -    ?    ?    -    -    -    -    401  ?
  A          ?    ?    ?    -    ?    ?    -    -    -    -    401  ?
  B          ?    ?    ?    -    ?    ?    -    -    -    -    401  ?
  absent     ?    ?    ?    -    ?    ?    -    -    -    -    401  ?`

const own = (more: (world: World) => object): Readonly<Record<string, Case>> => ({
  own: async (world, caller) => ({ ...more(world), id: await add(world, caller) }),
  ...inEachTenant(async (world, key) => add(world, await freshUser(world, key)), more),
})

/** Of a colleague, of another tenant, and none: in the name of somebody of A. */
const ofOthers = (more: (world: World) => object) =>
  inEachTenant(
    async (world, key) => add(world, await freshUser(world, key)),
    (world) => ({ ...more(world), query: { user: world.estates.A.plain.name } }),
  )

const single = (endpoint: string, more: (world: World) => object = () => ({})): readonly Row[] => [
  { endpoint, by, cases: own(more), expect: ownAlone },
  {
    endpoint,
    about: 'for somebody else',
    by: 'OAuth reference E.4',
    words,
    cases: madeFor(add, more),
    expect: forOthers,
  },
  {
    endpoint,
    about: 'of others than the named',
    by: 'OAuth reference E.4',
    cases: ofOthers(more),
    expect: notTheirs,
  },
]

const of = (key: 'S' | 'A' | 'B'): Case => {
  return ({ estates }) => ({ body: body(estates[key].upstream) })
}

export const oauthProfileRows: readonly Row[] = [
  {
    endpoint: 'list-oauth-profiles',
    by,
    words,
    cases: acting(() => ({})),
    sees,
    // What `plain` of a tenant owns is seen in that user's name alone.
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  self       0    0    0    -    0    0    -    -    -    -    401  0
  SELF       0    0    0    -    0    0    -    -    -    -    401  0
  S          S    -    -    -    -    -    -    -    -    -    401  -
  A          A    A    -    -    A    -    -    -    -    -    401  -
  a          A    A    -    -    A    -    -    -    -    -    401  -
  B          B    -    -    -    -    -    -    -    -    -    401  B
  disabled   0    0    -    -    0    -    -    -    -    -    401  -
  holds22    0    -    -    -    0    -    -    -    -    -    401  -
  holds12    0    -    -    -    -    -    -    -    -    -    401  -
  unknown    nobody - -    -    -    -    -    -    -    -    401  -`,
  },
  {
    endpoint: 'create-oauth-profile',
    about: 'through whose application',
    by: 'OAuth reference C.1; T83',
    words,
    cases: {
      S: of('S'),
      A: of('A'),
      B: of('B'),
      absent: () => ({ body: body(999_999_999_999) }),
    },
    // Those of the own tenant and of the system tenant; also 12 uses no others for itself.
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S          ok   ok   ok   -    ok   ok   -    -    -    -    401  ok
  A          app  app  app  -    ok   ok   -    -    -    -    401  app
  B          app  app  app  -    app  app  -    -    -    -    401  ok
  absent     app  app  app  -    app  app  -    -    -    -    401  app`,
  },
  {
    endpoint: 'create-oauth-profile',
    about: 'for somebody else',
    by: 'OAuth reference E.4',
    words,
    cases: acting(({ estates }) => ({ body: body(estates.S.upstream) })),
    expect: forOthers,
  },
  ...single('read-oauth-profile'),
  ...single('update-oauth-profile', ({ estates }) => ({ body: body(estates.S.upstream) })),
  ...single('delete-oauth-profile'),
  ...single('read-oauth-profile-stats'),
  ...single('read-oauth-profile-history'),
]
