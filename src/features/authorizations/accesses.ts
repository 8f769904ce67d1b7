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
  readonly since: number
  readonly lastUsedAt: number | undefined
  /** Authorizations that go on: each has a code or tokens that can still be used. */
  readonly liveChains: number
}

/** Whose accesses: those that a user gave, or those that were given to an application. */
export type AccessesOf = { readonly userId: number } | { readonly applicationId: number }

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

  function* list(of: AccessesOf): Command<readonly Access[]> {
    yield* require(of)
    const found = yield* all(
      'userId' in of
        ? select().where('g.user_id', '=', of.userId).orderBy('g.application_id')
        : select().where('g.application_id', '=', of.applicationId).orderBy('g.user_id'),
    )
    return found.map((row) => ({
      userId: row.user_id,
      userName: row.user_name,
      applicationId: row.application_id,
      applicationName: row.name,
      clientId: row.client_id,
      scope: row.scope,
      selection: parseSelection(row.selection),
      since: row.created_at,
      lastUsedAt: row.last_used_at ?? undefined,
      liveChains: row.live_chains ?? 0,
    }))
  }

  return {
    /** Throws 404 for an unknown user or application. */
    list: (of: AccessesOf) => store.read(() => list(of)),
    /** Ends all of them, durably, before it answers; none is fine. Throws 404 for an unknown user or application. */
    endAll: (of: AccessesOf): Promise<void> =>
      store.write(function* () {
        yield* require(of)
        yield* endAccess(store, of)
      }),
    /** Ends the access of one user to one application, durably, before it answers. Throws 404 when there is none. */
    endOne: (of: { readonly userId: number; readonly applicationId: number }): Promise<void> =>
      store.write(function* () {
        if ((yield* endAccess(store, of)) === 0)
          throw new ManagementError(refusals.accessToEndNotFound)
      }),
  }
}

export type Accesses = ReturnType<typeof createAccesses>
