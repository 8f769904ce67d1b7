import Type from 'typebox'
import type { DataSourceSelection } from '#oauth/selection.ts'
import { permission } from '../../access/permissions.ts'
import { ManagementError, refusals } from '../../refusals.ts'
import { timestamp } from '../../timestamp.ts'
import type { Accesses, AccessList, AccessPage } from '../accesses.ts'

export type AccessDeps = { readonly accesses: Accesses }

// One of the two; ids are strings, as in the data sources' own answers.
const ReachShape = Type.Object({
  only: Type.Optional(Type.Array(Type.String())),
  allExcept: Type.Optional(Type.Array(Type.String())),
})

/** Reads the same from both sides: who gave which application access to what. */
export const AccessesShape = Type.Object({
  accesses: Type.Array(
    Type.Object({
      userId: Type.Integer(),
      userName: Type.String(),
      applicationId: Type.Integer(),
      applicationName: Type.String(),
      clientId: Type.String(),
      scopes: Type.Array(Type.String()),
      /** What the user lets the application read as a person; `only` nothing where that was never said. */
      dataSources: ReachShape,
      /** What it reads by itself (client_credentials). */
      machineDataSources: Type.Optional(ReachShape),
      createdAt: Type.String(),
      lastUsedAt: Type.Optional(Type.String()),
      liveChains: Type.Integer(),
    }),
  ),
  /** What to send as `after` for the rest; missing at the end. */
  next: Type.Optional(Type.Integer()),
})

const reach = ({ kind, ids }: DataSourceSelection) =>
  kind === 'only' ? { only: ids.map(String) } : { allExcept: ids.map(String) }

export const shownAccesses = ({ accesses, next }: AccessList) => ({
  accesses: accesses.map(({ scope, selection, byItself, since, lastUsedAt, ...access }) => ({
    ...access,
    scopes: [scope],
    dataSources: reach(selection),
    ...(byItself === undefined ? {} : { machineDataSources: reach(byItself) }),
    createdAt: timestamp(since),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: timestamp(lastUsedAt) }),
  })),
  ...(next === undefined ? {} : { next }),
})

const mostAtOnce = 1000

/** `?limit=` (1 to 1000, which it is unless told otherwise) and `?after=`, the `next` of the piece before. */
export const pageOf = (query: ReadonlyMap<string, string>): AccessPage => {
  const read = (name: string, least: number, most: number, otherwise: number): number => {
    const text = query.get(name)
    if (text === undefined) return otherwise
    const value = /^\d{1,15}$/.test(text) ? Number(text) : -1
    if (value < least || value > most)
      throw new ManagementError(
        refusals.invalidInput,
        `${name} must be a whole number from ${least} to ${most}.`,
      )
    return value
  }
  for (const name of query.keys())
    if (name !== 'limit' && name !== 'after')
      throw new ManagementError(refusals.invalidInput, 'This address takes limit and after alone.')
  return {
    limit: read('limit', 1, mostAtOnce, mostAtOnce),
    after: read('after', 0, Number.MAX_SAFE_INTEGER, 0),
  }
}

/** Who asks to end one access by a parameter must not end all of them: what is meant stands in the path. */
export const takesNoQuery = (query: ReadonlyMap<string, string>): void => {
  if (query.size > 0)
    throw new ManagementError(
      refusals.invalidInput,
      'This address takes no parameters; one access is named in the path, /accesses/{id}.',
    )
}

/** What the endpoints of administrators have in common. */
export const common = {
  permissions: [permission.administrator],
  invalid: refusals.invalidInput,
} as const

export const listing = {
  ...common,
  method: 'GET',
  success: 200,
  failed: refusals.accessesNotRead,
  answer: AccessesShape,
} as const

export const ending = {
  ...common,
  method: 'DELETE',
  success: 204,
  audit: 'access.ended-by-administrator',
  failed: refusals.accessesNotEnded,
} as const
