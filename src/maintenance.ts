import type { Logger } from 'pino'
import type { Core } from './core.ts'
import { lastUsedInterval } from './features/authorizations/last-used.ts'
import type { Metrics } from './http/metrics.ts'
import { minutes } from './lib/clock.ts'
import { sweepExpired } from './store/sweep.ts'

const sweepInterval = minutes(1)

/** What the server does for itself: writing what was used when, and deleting what has expired. */
export const startMaintenance = (core: Core, logger: Logger, metrics: Metrics) => {
  const guarded = (name: string, work: () => Promise<void>) => (): void => {
    work().catch((error: unknown) =>
      logger.warn({ err: error, task: name }, 'maintenance failed; it is tried again'),
    )
  }
  const sweep = async (): Promise<void> => {
    metrics.swept(await sweepExpired(core.store, core.clock.now()))
  }
  const timers = [
    setInterval(guarded('last-used', core.lastUsed.flush), lastUsedInterval),
    setInterval(guarded('sweep', sweep), sweepInterval),
  ]
  for (const timer of timers) timer.unref()
  return {
    stop: async (): Promise<void> => {
      for (const timer of timers) clearInterval(timer)
      await core.lastUsed
        .flush()
        .catch((error: unknown) => logger.warn({ err: error }, 'last-used times were lost'))
    },
  }
}
