import { type Command, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { missingMaster } from '#vault/envelope.ts'
import { fingerprint, type KeyRing } from '#vault/keys.ts'
import { readMasterUse } from '../sealed/stored-keys.ts'

/** What was sealed with a master key that is not here could not be opened when it is needed. */
function* requireMasters(store: Store, ring: KeyRing): Command<void> {
  for (const { masterKeyId } of yield* readMasterUse(store))
    if (ring.masters.find(masterKeyId) === undefined)
      throw new Error(`This database has data under ${missingMaster(masterKeyId)}.`)
}

/**
 * Compares the keys of this start with those the database was written with (DESIGN invariant 6), and notes
 * new ones. Throws with what to do when a key of the same name is another key: nothing could be opened or
 * verified with it. A pepper cannot be exchanged at all.
 */
export const checkKeys = async (store: Store, ring: KeyRing): Promise<void> => {
  const { sql, write } = store
  await write(function* () {
    // First: it may find a master key that was made since the ring was read.
    yield* requireMasters(store, ring)
    const keys = [
      ...ring.masters.list().map((key) => ({ kind: 'master', key })),
      { kind: 'pepper', key: ring.pepper },
    ]
    const pepper = yield* first(
      sql.selectFrom('key_checks').select('key_id').where('kind', '=', 'pepper'),
    )
    if (pepper !== undefined && pepper.key_id !== ring.pepper.id)
      throw new Error(
        `HEADGATE_PEPPER is the key ${ring.pepper.id}, but this database was written with the pepper ${pepper.key_id}. Use that one.`,
      )
    for (const { kind, key } of keys) {
      const known = yield* first(
        sql
          .selectFrom('key_checks')
          .select('fingerprint')
          .where('kind', '=', kind)
          .where('key_id', '=', key.id),
      )
      if (known === undefined) {
        yield* run(
          sql
            .insertInto('key_checks')
            .values({ kind, key_id: key.id, fingerprint: fingerprint(key) }),
        )
      } else if (known.fingerprint !== fingerprint(key)) {
        const variable = kind === 'pepper' ? 'HEADGATE_PEPPER' : 'HEADGATE_MASTER_KEYS'
        throw new Error(
          `The ${kind} key ${key.id} is not the one this database was written with. Restore the right key (${variable}, or keys/${kind} in the data directory).`,
        )
      }
    }
  })
}
