import Type from 'typebox'
import type { DataSourceSelection } from '#oauth/selection.ts'
import { permission } from '../../access/permissions.ts'
import { paging } from '../../parameters.ts'
import { refusals } from '../../refusals.ts'
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

/** At most so many in an answer, also where no limit was asked for. */
const mostAtOnce = 1000

export const pageOf = (query: {
  readonly limit?: number
  readonly after?: number
}): AccessPage => ({
  limit: query.limit ?? mostAtOnce,
  after: query.after ?? 0,
})

/** What the endpoints of administrators have in common. */
export const common = {
  permissions: [permission.administrator],
  invalid: refusals.invalidInput,
  // Who asks to end one access by a parameter must not end all of them: what is meant stands in the path.
  onlyTheseParameters: true,
} as const

export const listing = {
  ...common,
  method: 'GET',
  success: 200,
  query: paging,
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
