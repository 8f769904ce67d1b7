import { type Clock, minutes } from '#lib/clock.ts'
import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'

/** When a consent and its application were last used: kept in memory, written together, at most once a minute. */
export type LastUsed = {
  readonly note: (consentId: number, applicationId: number) => void
  readonly flush: () => Promise<void>
}

const maxNoted = 100_000

/** So many rows are locked at once, and so briefly: whoever ends an access must not wait for this. */
const batch = 200

function* writeBatch(
  { sql }: Store,
  table: 'consents' | 'client_applications',
  used: readonly (readonly [id: number, at: number])[],
): Command<void> {
  for (const [id, at] of used)
    yield* run(
      sql
        .updateTable(table)
        .set({ last_used_at: at })
        .where('id', '=', id)
        // Another node may have a later time.
        .where((e) => e.or([e('last_used_at', 'is', null), e('last_used_at', '<', at)])),
    )
}

/** In order of the ids, so that two nodes never wait for each other in a circle. */
const writeTimes = async (
  store: Store,
  table: 'consents' | 'client_applications',
  times: ReadonlyMap<number, number>,
): Promise<void> => {
  const used = [...times].sort(([a], [b]) => a - b)
  for (let start = 0; start < used.length; start += batch)
    await store.write(() => writeBatch(store, table, used.slice(start, start + batch)), {
      isolation: 'row-locks',
      forgets: () => false,
    })
}

/** Reads must not write (DESIGN invariant 3); what is in memory when the server dies is lost, and may be. */
export const createLastUsed = (store: Store, clock: Clock): LastUsed => {
  let consents = new Map<number, number>()
  let applications = new Map<number, number>()
  return {
    note: (consentId, applicationId) => {
      if (consents.size >= maxNoted) return
      const now = clock.now()
      consents.set(consentId, now)
      applications.set(applicationId, now)
    },
    flush: async () => {
      if (consents.size === 0) return
      const [usedConsents, usedApplications] = [consents, applications]
      consents = new Map()
      applications = new Map()
      await writeTimes(store, 'consents', usedConsents)
      await writeTimes(store, 'client_applications', usedApplications)
    },
  }
}

export const lastUsedInterval = minutes(1)
