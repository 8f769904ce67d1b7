import { all, type Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { KeyRing } from '#vault/keys.ts'
import { readMasterUse } from '../stored-keys.ts'

/** A master key, and how many data keys it wraps. */
export type MasterFact = {
  readonly id: string
  readonly dataKeys: number
  /** Whether this start has it; one that wraps something and is not here keeps a server from starting. */
  readonly here: boolean
}

/** The master keys of this start, newest first, then those that are missed. */
export function* readMasterFacts(store: Store, ring: KeyRing): Command<readonly MasterFact[]> {
  const use = new Map<string, number>()
  for (const { masterKeyId, keys } of yield* readMasterUse(store)) use.set(masterKeyId, keys)
  const here = ring.masters.list().map(({ id }) => id)
  const missed = [...use.keys()].filter((id) => !here.includes(id))
  return [...here, ...missed].map((id) => ({
    id,
    dataKeys: use.get(id) ?? 0,
    here: here.includes(id),
  }))
}

/** The ids of all master keys that the database has ever met. */
export function* readKnownMasters({ sql }: Store): Command<readonly string[]> {
  const rows = yield* all(
    sql.selectFrom('key_checks').select('key_id').where('kind', '=', 'master'),
  )
  return rows.map((row) => row.key_id)
}
