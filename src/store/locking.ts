import type { Store } from './store.ts'

type Lockable<Q> = {
  readonly forUpdate: (of: never) => Q
  readonly forShare: (of: never) => Q
}

/**
 * Locks the rows that a statement reads until the transaction ends, so that what a command with `isolation: 'row-locks'`
 * decides by them is still true when it commits. SQLite has one writer and needs no lock.
 * @param of the tables, by the names that they have in the statement; locked in this order
 * @param mode `update`: nobody else may lock them; `share`: nobody may change them
 */
export const locking = <Q extends Lockable<Q>>(
  store: Pick<Store, 'engine'>,
  statement: Q,
  of: readonly string[],
  mode: 'update' | 'share' = 'update',
): Q => {
  if (store.engine === 'sqlite') return statement
  return mode === 'update' ? statement.forUpdate(of as never) : statement.forShare(of as never)
}
