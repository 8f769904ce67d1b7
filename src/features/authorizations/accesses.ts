import type { Clock } from '#lib/clock.ts'
import { type DataSourceSelection, parseSelection } from '#oauth/selection.ts'
import { all, type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { endAccess } from './ending.ts'

/** That a user gave an application access, as an administrator sees it. Times in milliseconds since 1970. */
export type Access = {
  readonly userId: number
  readonly userName: string
  readonly applicationId: number
  readonly applicationName: string
  readonly clientId: string
  readonly scope: string
  readonly selection: DataSourceSelection
  /** What the application reads by itself, because this user, its owner, said so. */
  readonly byItself: DataSourceSelection | undefined
  readonly since: number
  readonly lastUsedAt: number | undefined
  /** Authorizations that have not ended or expired, that of a machine client among them. */
  readonly liveChains: number
}

/** Whose accesses: those that a user gave, or those that were given to an application. */
export type AccessesOf = { readonly userId: number } | { readonly applicationId: number }

/** Lists are read in pieces: so many at once, and those whose other id comes after. */
export type AccessPage = { readonly limit: number; readonly after: number }
export type AccessList = {
  readonly accesses: readonly Access[]
  /** Where the next piece begins; undefined at the end. */
  readonly next: number | undefined
}

type Row = {
  user_id: number
  user_name: string
  application_id: number
  name: string
  client_id: string
  scope: string
  selection: string
  machine_selection: string | null
  created_at: number
  last_used_at: number | null
  live_chains: number | null
}

const toAccess = (row: Row): Access => ({
  userId: row.user_id,
  userName: row.user_name,
  applicationId: row.application_id,
  applicationName: row.name,
  clientId: row.client_id,
  scope: row.scope,
  selection: parseSelection(row.selection),
  byItself: row.machine_selection === null ? undefined : parseSelection(row.machine_selection),
  since: row.created_at,
  lastUsedAt: row.last_used_at ?? undefined,
  liveChains: row.live_chains ?? 0,
})

/** What administrators see and end of the access that users have given (DESIGN invariant 16). */
export const createAccesses = ({
  store,
  clock,
}: {
  readonly store: Store
  readonly clock: Clock
}) => {
  const { sql } = store

  /** Throws 404 when there is no such user or application: an empty list would say that all is well. */
  function* require(of: AccessesOf): Command<void> {
    const [query, missing] =
      'userId' in of
        ? [sql.selectFrom('users').select('id').where('id', '=', of.userId), refusals.userNotFound]
        : [
            sql.selectFrom('client_applications').select('id').where('id', '=', of.applicationId),
            refusals.applicationNotFound,
          ]
    if ((yield* first(query)) === undefined) throw new ManagementError(missing)
  }

  const select = () =>
    sql
      .selectFrom('consents as g')
      .innerJoin('client_applications as a', 'a.id', 'g.application_id')
      .innerJoin('users as u', 'u.id', 'g.user_id')
      .leftJoin('chains as m', (join) =>
        join.onRef('m.consent_id', '=', 'g.id').on('m.grant_type', '=', 'client_credentials'),
      )
      .select('m.selection as machine_selection')
      .select(['g.user_id', 'u.user_name', 'g.application_id', 'a.name', 'a.client_id'])
      .select(['g.scope', 'g.selection', 'g.created_at', 'g.last_used_at'])
      .select((e) =>
        e
          .selectFrom('chains as h')
          .select((c) => c.fn.countAll<number>().as('count'))
          .whereRef('h.consent_id', '=', 'g.id')
          .where('h.expires_at', '>', clock.now())
          .as('live_chains'),
      )

  function* list(of: AccessesOf, { limit, after }: AccessPage): Command<AccessList> {
    yield* require(of)
    const [mine, other] =
      'userId' in of
        ? (['g.user_id', 'g.application_id'] as const)
        : (['g.application_id', 'g.user_id'] as const)
    const found = yield* all(
      select()
        .where(mine, '=', 'userId' in of ? of.userId : of.applicationId)
        .where(other, '>', after)
        .orderBy(other)
        .limit(limit + 1),
    )
    const accesses = found.slice(0, limit).map(toAccess)
    const last = accesses.at(-1)
    const next = 'userId' in of ? last?.applicationId : last?.userId
    return { accesses, next: found.length > limit ? next : undefined }
  }

  return {
    /** Throws 404 for an unknown user or application. */
    list: (of: AccessesOf, page: AccessPage) => store.read(() => list(of, page)),
    /** Ends all of them, durably, before it answers; none is fine. Throws 404 for an unknown user or application. */
    endAll: (of: AccessesOf): Promise<void> =>
      store.write(
        function* () {
          yield* require(of)
          yield* endAccess(store, of)
        },
        { patient: true },
      ),
    /** Ends the access of one user to one application, durably, before it answers. Throws 404 when there is none. */
    endOne: (of: { readonly userId: number; readonly applicationId: number }): Promise<void> =>
      store.write(function* () {
        if ((yield* endAccess(store, of)) === 0)
          throw new ManagementError(refusals.accessToEndNotFound)
      }),
  }
}

export type Accesses = ReturnType<typeof createAccesses>
