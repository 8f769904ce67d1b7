import type { Endpoint } from '#features/endpoint.ts'
import type { Attempt } from './table.ts'
import { absentId, absentName, type Estate } from './world.ts'

// An attempt into which something of another tenant is put, and its twin with something that does not exist.

type Kind = 'tenant' | 'role' | 'user' | 'application' | 'source' | 'upstream' | 'profile'

/** Fields of bodies that hold ids of things that belong to a tenant. */
const idFields: Readonly<Record<string, Kind>> = {
  tenantId: 'tenant',
  parentTenant: 'tenant',
  tenantsAdministered: 'tenant',
  roles: 'role',
  importedRoles: 'role',
  users: 'user',
  admins: 'user',
  dataSources: 'source',
  oauthAppId: 'upstream',
  profileId: 'profile',
}

/** Whole numbers in bodies that are no ids of such things: who adds a field says here or above what it is. */
const plainFields = new Set([
  'permissions',
  'status',
  'passwordStatus',
  'dataStore',
  'value',
  'authServiceId',
  'expirationDays',
  'minLength',
  'maxLength',
  'minChars',
  'id',
])

/** What an id of a path is, by the word before it; undefined: nothing that belongs to a tenant. */
const pathWords: Readonly<Record<string, Kind | undefined>> = {
  tenants: 'tenant',
  roles: 'role',
  users: 'user',
  applications: 'application',
  allowedapplications: 'application',
  datasources: 'source',
  oauthapps: 'upstream',
  oauthprofiles: 'profile',
  datastores: undefined,
  permissions: undefined,
  passwordpolicy: undefined,
  configurations: undefined,
  system: undefined,
}

/** The kinds of the ids of a path. Throws for a word that nobody has said anything about. */
export const pathKinds = (path: string): Readonly<Record<string, Kind | undefined>> => {
  const kinds: Record<string, Kind | undefined> = {}
  const steps = path.split('/')
  for (const [index, step] of steps.entries()) {
    const name = step.slice(1)
    if (!step.startsWith(':') || name === 'name') continue
    const before = steps[index - 1] ?? ''
    // The last id of /limits/…/{tenantId}/{limitId} is that of a limit.
    if (before.startsWith(':')) {
      kinds[name] = undefined
    } else if (before === 'accesses') kinds[name] = steps.includes('users') ? 'application' : 'user'
    else if (before in pathWords) kinds[name] = pathWords[before]
    else throw new Error(`say in foreign.ts what an id after ${before}/ is`)
  }
  return kinds
}

type Schema = Readonly<Record<string, unknown>>

const isWhole = (schema: Schema): boolean =>
  schema['type'] === 'integer' ||
  (schema['type'] === 'array' && isWhole(schema['items'] as Schema)) ||
  ((schema['anyOf'] as readonly Schema[] | undefined)?.some(isWhole) ?? false)

const nested = (schema: Schema): readonly Schema[] => [
  ...((schema['anyOf'] as readonly Schema[] | undefined) ?? []),
  ...(schema['type'] === 'array' ? [schema['items'] as Schema] : []),
]

/** Fields of a body's schema that hold whole numbers and are in neither list. */
export const unknownFields = (schema: Schema): readonly string[] => {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)
  return [
    ...properties.flatMap(([name, field]) => [
      ...(isWhole(field) && !(name in idFields) && !plainFields.has(name) ? [name] : []),
      ...unknownFields(field),
    ]),
    ...nested(schema).flatMap(unknownFields),
  ]
}

/** Where something foreign was put, and what stands there in the twin. */
export type Swap = {
  readonly foreign: string | number
  readonly absent: string | number
}

const foreignIds = (estate: Estate): Readonly<Record<Kind, readonly number[]>> => ({
  tenant: [estate.tenantId],
  role: [estate.readers, estate.empty],
  user: [estate.plain.id, estate.strong.id, estate.off.id],
  application: [estate.application],
  source: [estate.source],
  upstream: [estate.upstream],
  profile: [estate.profile],
})

const foreignNames = (estate: Estate): readonly string[] => [
  estate.plain.name,
  estate.strong.name,
  estate.off.name,
]

const idSwaps = (estate: Estate, kind: Kind): readonly Swap[] =>
  foreignIds(estate)[kind].map((foreign, index) => ({
    foreign,
    // Not the one that the tables use for what is absent.
    absent: absentId - 1000 - index,
  }))

const nameSwaps = (estate: Estate): readonly Swap[] =>
  foreignNames(estate).map((foreign, index) => ({ foreign, absent: `${absentName}-${index}` }))

/** What of a tenant can be put into a place, and what into the same place of the twin. */
export const swapsFor = (estate: Estate, kind: Slot['kind']): readonly Swap[] => {
  if (kind === 'name') return nameSwaps(estate)
  if (kind !== 'tenantName') return idSwaps(estate, kind)
  return [{ foreign: estate.tenantName, absent: `Tenant ${absentName}` }]
}

/** A place of an attempt that can be given another value. */
export type Slot = {
  readonly kind: Kind | 'name' | 'tenantName'
  readonly put: (attempt: Attempt, value: string | number) => Attempt
}

type Values = { [key: string]: unknown }

const putInto = (body: unknown, path: readonly (string | number)[], value: unknown): unknown => {
  const [step, ...rest] = path
  if (step === undefined) return value
  const copy = (Array.isArray(body) ? [...(body as unknown[])] : { ...(body as Values) }) as Values
  copy[step] = putInto(copy[step], rest, value)
  return copy
}

type Place = { readonly kind: Kind; readonly path: readonly (string | number)[] }

/** Places in a body that hold an id: the fields of the list, and each element of theirs. */
const bodyPlaces = (
  body: unknown,
  path: readonly (string | number)[] = [],
  kind?: Kind,
): readonly Place[] => {
  if (body === null || typeof body !== 'object') return kind === undefined ? [] : [{ kind, path }]
  return Object.entries(body).flatMap(([key, value]) =>
    Array.isArray(body)
      ? bodyPlaces(value, [...path, Number(key)], kind)
      : bodyPlaces(value, [...path, key], idFields[key]),
  )
}

/** Fields of a schema that an attempt has left out or empty. */
const missingPlaces = (schema: Schema, body: unknown): readonly Place[] =>
  Object.entries((schema['properties'] ?? {}) as Record<string, Schema>).flatMap(
    ([name, field]) => {
      const kind = idFields[name]
      const given = (body as Values | undefined)?.[name]
      if (kind === undefined) return []
      if (field['type'] === 'array')
        return Array.isArray(given) ? [{ kind, path: [name, given.length] }] : []
      return given === undefined ? [{ kind, path: [name] }] : []
    },
  )

const inQuery = (kind: Slot['kind'], name: string): Slot => ({
  kind,
  put: (attempt, value) => ({ ...attempt, query: { ...attempt.query, [name]: value } }),
})

const inBody = ({ kind, path }: Place): Slot => ({
  kind,
  put: (attempt, value) => ({ ...attempt, body: putInto(attempt.body, path, value) }),
})

type Addressed = Pick<Endpoint<never>, 'path' | 'query' | 'onBehalf' | 'body'>

/** Every place of an attempt where something of another tenant can stand. */
export const slotsOf = (endpoint: Addressed, attempt: Attempt): readonly Slot[] => {
  const inPath = Object.entries(pathKinds(endpoint.path)).flatMap(([part, kind]): Slot[] =>
    kind === undefined ? [] : [{ kind, put: (a, value) => ({ ...a, [part]: Number(value) }) }],
  )
  const named: Slot = { kind: 'name', put: (a, value) => ({ ...a, name: String(value) }) }
  const query = endpoint.query ?? {}
  return [
    ...inPath,
    ...(endpoint.path.includes(':name') ? [named] : []),
    ...(endpoint.onBehalf === true ? [inQuery('name', 'user')] : []),
    ...('tenantId' in query ? [inQuery('tenant', 'tenantId')] : []),
    ...('tenantName' in query ? [inQuery('tenantName', 'tenantName')] : []),
    ...bodyPlaces(attempt.body).map(inBody),
    ...missingPlaces((endpoint.body ?? {}) as Schema, attempt.body).map(inBody),
  ]
}
