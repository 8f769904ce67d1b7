import { type Command, first, run } from '#store/command.ts'
import { locking } from '#store/locking.ts'
import type { Store } from '#store/store.ts'

/**
 * A run of `keys rotate`. Its id is the generation of the data keys that it makes, of every tenant: so it can be taken up
 * again by whoever reads its row, and each text tells by its beginning whether it is done.
 */
export type Rotation = {
  readonly id: number
  /** The master key that wraps all data keys afterwards. */
  readonly masterKeyId: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
}

/** The rotation that has begun and not ended; there is one at most. */
export function* readUnfinished({ sql }: Pick<Store, 'sql'>): Command<Rotation | undefined> {
  const row = yield* first(
    sql
      .selectFrom('key_rotations')
      .select(['id', 'master_key_id', 'started_at'])
      .where('finished_at', 'is', null)
      .orderBy('id')
      .limit(1),
  )
  return row && { id: row.id, masterKeyId: row.master_key_id, startedAt: row.started_at }
}

/**
 * The rotation that is unfinished, else a new one to the `wanted` master key. One to a key that is not `here` was interrupted
 * before that key was made or used (a start is refused otherwise): it goes on to the wanted one.
 */
export function* beginRotation(
  { sql }: Pick<Store, 'sql'>,
  master: { readonly wanted: string; readonly isHere: (id: string) => boolean },
  now: number,
): Command<{ readonly rotation: Rotation; readonly resumed: boolean }> {
  const unfinished = yield* readUnfinished({ sql })
  if (unfinished !== undefined && master.isHere(unfinished.masterKeyId))
    return { rotation: unfinished, resumed: true }
  const values = { master_key_id: master.wanted, started_at: now }
  const row = yield* first(
    unfinished === undefined
      ? sql.insertInto('key_rotations').values(values).returning('id')
      : sql
          .updateTable('key_rotations')
          .set(values)
          .where('id', '=', unfinished.id)
          .returning('id'),
  )
  if (row === undefined) throw new Error('the database returned no id')
  return {
    rotation: { id: row.id, masterKeyId: master.wanted, startedAt: now },
    resumed: unfinished !== undefined,
  }
}

/**
 * Whether a rotation still goes on, and does so until the command ends. Each of its steps asks first: a run that was
 * overtaken by another one must not undo what a later rotation has done.
 */
export function* isUnderWay(store: Store, { id, masterKeyId }: Rotation): Command<boolean> {
  const open = store.sql
    .selectFrom('key_rotations')
    .select('id')
    .where('id', '=', id)
    .where('master_key_id', '=', masterKeyId)
    .where('finished_at', 'is', null)
  return (yield* first(locking(store, open, ['key_rotations'], 'share'))) !== undefined
}

/** Ends it; how many ended by that, which is none when it had ended already. */
export function* finishRotation({ sql }: Store, { id }: Rotation, now: number): Command<number> {
  return yield* run(
    sql
      .updateTable('key_rotations')
      .set({ finished_at: now })
      .where('id', '=', id)
      .where('finished_at', 'is', null),
  )
}
