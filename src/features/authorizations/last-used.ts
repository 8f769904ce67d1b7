import { type Clock, minutes } from '#lib/clock.ts'
import { run } from '#store/command.ts'
import type { Store } from '#store/store.ts'

/** When a consent and its application were last used: kept in memory, written together, at most once a minute. */
export type LastUsed = {
  readonly note: (consentId: number, applicationId: number) => void
  readonly flush: () => Promise<void>
}

const maxNoted = 100_000

/** In order of the ids, so that two nodes never wait for each other; another node may have a later time. */
const writeTimes = (
  store: Store,
  table: 'consents' | 'client_applications',
  used: ReadonlyMap<number, number>,
): Promise<void> =>
  store.write(
    function* () {
      for (const [id, at] of [...used].sort(([a], [b]) => a - b))
        yield* run(
          store.sql
            .updateTable(table)
            .set({ last_used_at: at })
            .where('id', '=', id)
            .where((e) => e.or([e('last_used_at', 'is', null), e('last_used_at', '<', at)])),
        )
    },
    { isolation: 'row-locks', forgets: () => false },
  )

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
