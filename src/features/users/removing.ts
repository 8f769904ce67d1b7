import { type Command, all, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { userSubject } from '../authentication/lockout.ts'
import { type Dependent, ManagementError, refusals } from '../refusals.ts'

/** So many are named to whoever is refused; all of them are at `/dependents`. */
const mostNamed = 100

/**
 * What others have that would go with a user: client applications to which another user has given access. What the user
 * alone has (data sources, sessions, accesses) goes without a word, as in HDP.
 */
export function* readDependents(
  { sql }: Store,
  userId: number,
  most?: number,
): Command<readonly Dependent[]> {
  const found = sql
    .selectFrom('client_applications as a')
    .select(['a.id', 'a.name'])
    .where('a.owner_id', '=', userId)
    .where((e) =>
      e.exists(
        e
          .selectFrom('consents as g')
          .select('g.id')
          .whereRef('g.application_id', '=', 'a.id')
          .where('g.user_id', '<>', userId),
      ),
    )
    .orderBy('a.id')
  const rows = yield* all(most === undefined ? found : found.limit(most))
  return rows.map((row) => ({ kind: 'clientApplication', ...row }))
}

/** Removes a user and everything that the user owns. Throws 400 with the list where others hang on it, unless it cascades. */
export function* removeUser(store: Store, userId: number, cascades: boolean): Command<void> {
  const { sql } = store
  const dependents = cascades ? [] : yield* readDependents(store, userId, mostNamed)
  if (dependents.length > 0)
    throw new ManagementError(
      refusals.userInUse,
      'Delete these applications first, or send cascade=true to delete them with the user.',
      { dependents },
    )
  yield* run(sql.deleteFrom('login_failures').where('subject', '=', userSubject(userId)))
  yield* run(sql.deleteFrom('users').where('id', '=', userId))
}
