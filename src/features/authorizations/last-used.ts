import { type Clock, minutes } from '#lib/clock.ts'
import { run } from '#store/command.ts'
import type { Store } from '#store/store.ts'

/** When a consent and its application were last used: kept in memory, written together, at most once a minute. */
export type LastUsed = {
  readonly note: (consentId: number, applicationId: number) => void
  readonly flush: () => Promise<void>
}

const maxNoted = 100_000

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
      await store.write(function* () {
        for (const [id, at] of usedConsents)
          yield* run(
            store.sql.updateTable('consents').set({ last_used_at: at }).where('id', '=', id),
          )
        for (const [id, at] of usedApplications)
          yield* run(
            store.sql
              .updateTable('client_applications')
              .set({ last_used_at: at })
              .where('id', '=', id),
          )
      })
    },
  }
}

export const lastUsedInterval = minutes(1)
