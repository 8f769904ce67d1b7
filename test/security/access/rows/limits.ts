import { run } from '#store/command.ts'
import { addDataSource, addLimit } from '../things.ts'
import { refusals } from '#features/refusals.ts'
import type { Case, Row } from '../table.ts'
import type { TenantKey } from '../callers.ts'
import { absentId, freshUser, type World } from '../world.ts'
import { tenantKeys } from './shared.ts'

// Limits (management reference 5.1): Limits (27), and administrative access for what is not the system's.

const by = 'management reference 5.1'
const maxFetchRows = 1
const value = { body: { value: 400 } }

// 27 is held by sys+, sys0, kid+, kid0 and B+; what holds for the whole system is changed by 12 alone.
const readable = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        ok   ok   ok   -    ok   ok   -    -    -    -    401  ok`

/** What was set where all cases look: on the system, and on the tenants. */
const forgetLimits = async ({ app }: World): Promise<void> => {
  const { sql, write } = app.core.store
  await write(() => run(sql.deleteFrom('limit_values').where('level', 'in', ['system', 'tenant'])))
}

// POST where it is set already behaves as PUT does.
const words = { set: { status: 200 } } as const

const system = (endpoint: string, more: object, others: string): Row => ({
  endpoint,
  by: `${by}: system values`,
  words,
  restore: forgetLimits,
  cases: {
    known: async ({ app }) => {
      await addLimit(app, { level: 'system', subject: 0, value: '900' })
      return { id: maxFetchRows, ...more }
    },
    absent: () => ({ id: 77, ...more }),
  },
  expect: others,
})

const systemRead = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  known      ok   ok   ok   -    ok   ok   -    -    -    -    401  ok
  absent     ?    ?    ?    -    ?    ?    -    -    -    -    401  ?`
const systemWrite = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  known      ok   -    -    -    -    -    -    -    -    -    401  -
  absent     ?    -    -    -    -    -    -    -    -    -    401  -`

type Level = 'tenant' | 'user' | 'data-source'

/** What a limit of a level is set on in a tenant, as the ids of the path; the last is that of the limit. */
const places: Readonly<
  Record<Level, (world: World, key: TenantKey) => Promise<{ ids: number[]; subject: number }>>
> = {
  tenant: async ({ estates }, key) => ({
    ids: [estates[key].tenantId],
    subject: estates[key].tenantId,
  }),
  user: async (world, key) => {
    const { id } = await freshUser(world, key)
    return { ids: [id], subject: id }
  },
  'data-source': async (world, key) => {
    const user = await freshUser(world, key)
    const source = await addDataSource(world.app, user)
    return { ids: [user.id, source], subject: source }
  },
}

const addressed = (ids: readonly number[]) => ({
  id: ids[0] ?? 0,
  other: ids[1] ?? 0,
  third: ids[2] ?? 0,
})

/** In each tenant: where the limit is set already (or not), and what does not exist. */
const settable = (level: Level, isSet: boolean, more: object): Readonly<Record<string, Case>> => {
  const of =
    (key: TenantKey): Case =>
    async (world) => {
      const { ids, subject } = await places[level](world, key)
      if (isSet) await addLimit(world.app, { level, subject, value: '900' })
      return { ...addressed([...ids, maxFetchRows]), ...more }
    }
  const missing = level === 'data-source' ? [absentId, absentId] : [absentId]
  return {
    S: of('S'),
    A: of('A'),
    B: of('B'),
    absent: () => ({ ...addressed([...missing, maxFetchRows]), ...more }),
  }
}

const administered = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S          ok   ?    ?    -    ?    ?    -    -    -    -    401  ?
  A          ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  B          ok   ?    ?    -    ?    ?    -    -    -    -    401  ok
  absent     ?    ?    ?    -    ?    ?    -    -    -    -    401  ?`

const settingOf = (level: Level): readonly Row[] => {
  const missing = level === 'data-source' ? { '?': refusals.userNotFound } : {}
  const common = {
    by,
    words: missing,
    expect: administered,
    ...(level === 'tenant' ? { restore: forgetLimits } : {}),
  }
  return [
    { ...common, endpoint: `create-${level}-limit`, cases: settable(level, false, value) },
    { ...common, endpoint: `read-${level}-limit`, cases: settable(level, true, {}) },
    { ...common, endpoint: `update-${level}-limit`, cases: settable(level, true, value) },
    { ...common, endpoint: `delete-${level}-limit`, cases: settable(level, true, {}) },
  ]
}

const seenBy =
  (list: string, idField: string, idOf: (world: World, key: TenantKey) => number) =>
  (answer: unknown, world: World): readonly string[] => {
    const items = (answer as Record<string, Record<string, number>[]>)[list] ?? []
    const ids = new Set(items.map((item) => item[idField]))
    return tenantKeys.filter((key) => ids.has(idOf(world, key)))
  }

const listed = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        SAB  A    0    -    A    0    -    -    -    -    401  B`

const lists: readonly Row[] = [
  { endpoint: 'list-limits', by, cases: { all: () => ({}) }, expect: readable },
  { endpoint: 'list-system-limits', by, cases: { all: () => ({}) }, expect: readable },
  {
    endpoint: 'list-tenant-limits',
    by,
    cases: { all: () => ({}) },
    sees: seenBy('tenantLimits', 'tenantId', ({ estates }, key) => estates[key].tenantId),
    expect: listed,
  },
  {
    endpoint: 'list-user-limits',
    by,
    cases: { all: () => ({}) },
    sees: seenBy('userLimits', 'userId', ({ estates }, key) => estates[key].plain.id),
    expect: listed,
  },
  {
    endpoint: 'list-data-source-limits',
    by,
    cases: {
      S: ({ estates }) => ({ id: estates.S.plain.id }),
      A: ({ estates }) => ({ id: estates.A.plain.id }),
      B: ({ estates }) => ({ id: estates.B.plain.id }),
      absent: () => ({ id: absentId }),
    },
    expect: administered,
  },
]

export const limitRows: readonly Row[] = [
  ...lists,
  system('read-system-limit', {}, systemRead),
  system('create-system-limit', value, systemWrite.replace('known      ok ', 'known      set')),
  system('update-system-limit', value, systemWrite),
  system('delete-system-limit', {}, systemWrite),
  ...settingOf('tenant'),
  ...settingOf('user'),
  ...settingOf('data-source'),
  {
    endpoint: 'update-data-source-limit',
    about: 'of another owner',
    by: `${by}: 222207926`,
    words: { owner: { status: 404, code: 222207926 }, '?': refusals.userNotFound },
    cases: {
      crossed: async ({ estates }) => ({
        ...addressed([estates.A.plain.id, estates.B.source, maxFetchRows]),
        ...value,
      }),
      absent: async ({ estates }) => ({
        ...addressed([estates.A.plain.id, absentId, maxFetchRows]),
        ...value,
      }),
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  crossed    owner owner ?  -    owner ?   -    -    -    -    401  ?
  absent     owner owner ?  -    owner ?   -    -    -    -    401  ?`,
  },
]
