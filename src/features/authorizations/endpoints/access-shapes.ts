import Type from 'typebox'
import type { DataSourceSelection } from '#oauth/selection.ts'
import { permission } from '../../access/permissions.ts'
import { ManagementError, refusals } from '../../refusals.ts'
import { timestamp } from '../../timestamp.ts'
import type { Access, Accesses } from '../accesses.ts'

export type AccessDeps = { readonly accesses: Accesses }

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
      // One of the two; ids are strings, as in the data sources' own answers.
      dataSources: Type.Object({
        only: Type.Optional(Type.Array(Type.String())),
        allExcept: Type.Optional(Type.Array(Type.String())),
      }),
      createdAt: Type.String(),
      lastUsedAt: Type.Optional(Type.String()),
      liveChains: Type.Integer(),
    }),
  ),
})

const reach = ({ kind, ids }: DataSourceSelection) =>
  kind === 'only' ? { only: ids.map(String) } : { allExcept: ids.map(String) }

export const shownAccesses = (accesses: readonly Access[]) => ({
  accesses: accesses.map(({ scope, selection, since, lastUsedAt, ...access }) => ({
    ...access,
    scopes: [scope],
    dataSources: reach(selection),
    createdAt: timestamp(since),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: timestamp(lastUsedAt) }),
  })),
})

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
