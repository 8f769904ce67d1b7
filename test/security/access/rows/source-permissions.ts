import { refusals } from '#features/refusals.ts'
import { addDataSource, unique } from '../things.ts'
import { type Case, inEachTenant, type Row } from '../table.ts'
import { type Caller, freshUser, type World } from '../world.ts'
import { ownAlone, refreshed, replacement, withBody, withSource } from './data-sources.ts'
import { acting, holder } from './shared.ts'

// Data sources for somebody else, and the permissions set on one (management reference 1.3, 1.4, 4.1, 6).

const by = 'management reference 6'
const words = { nobody: refusals.userNotFound } as const

const body = () => ({
  name: `source-${unique()}`,
  dataStore: 5001,
  connectionType: 'Cloud',
  options: { Database: 'same.db' },
})

// 11, the operation's permission, and for others 21 with administrative access on their tenant; nobody acts for who holds more.
export const forOthers = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  self       ok   ok   ok   -    ok   ok   -    -    -    -    401  ok
  SELF       ok   ok   ok   -    ok   ok   -    -    -    -    401  ok
  S          ok   -    -    -    -    -    -    -    -    -    401  -
  A          ok   ok   -    -    ok   -    -    -    -    -    401  -
  a          ok   ok   -    -    ok   -    -    -    -    -    401  -
  B          ok   -    -    -    -    -    -    -    -    -    401  ok
  disabled   ok   ok   -    -    ok   -    -    -    -    -    401  -
  holds22    ok   -    -    -    ok   -    -    -    -    -    401  -
  holds12    ok   -    -    -    -    -    -    -    -    -    401  -
  unknown    nobody - -    -    -    -    -    -    -    -    401  -`

/** A data source of whom the case names: `owner` as `acting` would name it. */
export type Owned = { readonly name: string; readonly id: number; readonly tenantId: number }

const owners: Readonly<Record<string, (world: World, caller: Caller) => Owned | Promise<Owned>>> = {
  self: (_, caller) => caller,
  SELF: (_, caller) => ({ ...caller, name: caller.name.toUpperCase() }),
  S: ({ estates }) => estates.S.plain,
  A: ({ estates }) => estates.A.plain,
  a: ({ estates: { A } }) => ({ ...A.plain, name: A.plain.name.toUpperCase() }),
  B: ({ estates }) => estates.B.plain,
  disabled: ({ estates }) => estates.A.off,
  holds22: (world) => holder(world, 'A', 22),
  holds12: ({ estates }) => estates.A.strong,
  unknown: (_, caller) => ({ ...caller, name: `nobody-${unique()}` }),
}

/** Something of the named user, asked for in that user's name. */
export const madeFor = (
  make: (world: World, owner: Owned) => Promise<number>,
  more: (world: World) => object = () => ({}),
): Readonly<Record<string, Case>> =>
  Object.fromEntries(
    Object.entries(owners).map(([name, ownerOf]): [string, Case] => [
      name,
      async (world, caller) => {
        const owner = await ownerOf(world, caller)
        const id = await make(world, owner)
        return { ...more(world), id, query: { user: owner.name } }
      },
    ]),
  )

const ofOwner = (more: object = {}): Readonly<Record<string, Case>> =>
  madeFor(
    ({ app }, owner) => addDataSource(app, owner),
    () => more,
  )

const permissions = { body: { permissions: [2, 7] } }

/** Asked for in the name of somebody of A: a data source of a colleague, of another tenant, and none. */
const notOfTheNamed = (more: object = {}): Readonly<Record<string, Case>> => {
  const cases = inEachTenant(
    async (world, key) => addDataSource(world.app, await freshUser(world, key)),
    ({ estates }) => ({ ...more, query: { user: estates.A.plain.name } }),
  )
  return cases
}

export const notTheirs = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S          ?    ?    -    -    ?    -    -    -    -    -    401  -
  A          ?    ?    -    -    ?    -    -    -    -    -    401  -
  B          ?    ?    -    -    ?    -    -    -    -    -    401  -
  absent     ?    ?    -    -    ?    -    -    -    -    -    401  -`

const none = (): undefined => undefined

const single = (endpoint: string, body?: () => object): readonly Row[] => [
  {
    endpoint,
    about: 'for somebody else',
    by,
    words,
    cases: withBody(ofOwner(), body ?? none),
    expect: forOthers,
  },
  {
    endpoint,
    about: 'of somebody else than the named',
    by,
    cases: withBody(notOfTheNamed(), body ?? none),
    expect: notTheirs,
  },
]

/** One's own data source, on which these permissions are set. */
const withSet = (...set: number[]): Case => {
  return async ({ app }, caller) => ({ id: await addDataSource(app, caller, { permissions: set }) })
}

// What is set counts alone, be it more than what its owner holds (sysO, kidO, 11) or less (12 included).
const setRow = (endpoint: string, operation: number, body?: () => object): Row => ({
  endpoint,
  about: 'with permissions set on it',
  by: 'management reference 1.3, rule 5',
  cases: withBody({ more: withSet(operation), less: withSet(5), none: withSet() }, body ?? none),
  expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  more       ok   ok   ok   ok   ok   ok   ok   ok   -    -    401  ok
  less       -    -    -    -    -    -    -    -    -    -    401  -
  none       -    -    -    -    -    -    -    -    -    -    401  -`,
})

export const sourcePermissionRows: readonly Row[] = [
  {
    endpoint: 'list-data-sources',
    about: 'for somebody else',
    by,
    words,
    cases: acting(() => ({})),
    expect: forOthers,
  },
  {
    endpoint: 'create-data-source',
    about: 'for somebody else',
    by,
    words,
    cases: acting(() => ({ body: body() })),
    expect: forOthers,
  },
  setRow('read-data-source', 2),
  setRow('delete-data-source', 4),
  setRow('update-data-source', 3, replacement),
  setRow('read-data-source-permissions', 2),
  ...single('read-data-source'),
  ...single('delete-data-source'),
  ...single('update-data-source', replacement),
  ...single('test-data-source', () => ({})),
  setRow('build-data-source-model', 3, () => ({})),
  setRow('read-data-source-model', 2),
  setRow('refresh-data-source-map', 3, refreshed),
  setRow('read-data-source-logs', 2),
  ...single('read-data-source-logs'),
  ...single('build-data-source-model', () => ({})),
  ...single('read-data-source-model'),
  ...single('refresh-data-source-map', refreshed),
  {
    endpoint: 'read-data-source-permissions',
    by: 'management reference 1.4, 4.1',
    cases: withSource,
    expect: ownAlone,
  },
  ...single('read-data-source-permissions'),
  {
    endpoint: 'update-data-source-permissions',
    about: 'for the owner',
    by: 'management reference 1.3 (rule 5), 1.4, 6: never by the owner',
    words,
    cases: ofOwner(permissions),
    // Naming oneself is acting for oneself, and is asked for in the wrong form: the owner alone cannot, 12 included.
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  self       bad  bad  bad  -    bad  bad  -    -    -    -    401  bad
  SELF       bad  bad  bad  -    bad  bad  -    -    -    -    401  bad
  S          ok   -    -    -    -    -    -    -    -    -    401  -
  A          ok   ok   -    -    ok   -    -    -    -    -    401  -
  a          ok   ok   -    -    ok   -    -    -    -    -    401  -
  B          ok   -    -    -    -    -    -    -    -    -    401  ok
  disabled   ok   ok   -    -    ok   -    -    -    -    -    401  -
  holds22    ok   -    -    -    ok   -    -    -    -    -    401  -
  holds12    ok   -    -    -    -    -    -    -    -    -    401  -
  unknown    nobody - -    -    -    -    -    -    -    -    401  -`,
  },
  {
    endpoint: 'update-data-source-permissions',
    about: 'of somebody else than the named',
    by,
    cases: notOfTheNamed(permissions),
    expect: notTheirs,
  },
]
