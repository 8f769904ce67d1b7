import type { Logger } from 'pino'
import type { Core } from './core.ts'
import { lastUsedInterval } from './features/authorizations/last-used.ts'
import type { Metrics } from './http/metrics.ts'
import { type Clock, minutes } from './lib/clock.ts'
import type { Store } from './store/store.ts'
import { sweepExpired } from './store/sweep.ts'

const sweepInterval = minutes(1)
const clockInterval = minutes(1)

/** Codes live a minute, so a node whose clock is half of that off makes codes that others refuse. Milliseconds. */
export const clockTolerance = 30_000

/** How far a clock is ahead of the database's, in milliseconds; undefined where the database has none of its own. */
export const clockOffset = async (store: Store, clock: Clock): Promise<number | undefined> => {
  const asked = clock.now()
  const theirs = await store.databaseTime()
  // The question takes a while; the middle of it is when it was answered.
  return theirs === undefined ? undefined : (asked + clock.now()) / 2 - theirs
}

/** Compares this node's clock with the database's, which all nodes share, and says so when they differ. */
const createClockCheck =
  (core: Core, logger: Logger, metrics: Metrics) => async (): Promise<void> => {
    const offset = await clockOffset(core.store, core.clock)
    if (offset === undefined) return
    metrics.clockOffset(offset / 1000)
    if (Math.abs(offset) > clockTolerance)
      logger.warn(
        { offsetSeconds: Math.round(offset / 1000) },
        "this node's clock differs from the database's: codes and tokens will be refused too early or too late; synchronise it (NTP)",
      )
  }

/** What the server does for itself: writing what was used when, deleting what has expired, comparing clocks. */
export const startMaintenance = async (core: Core, logger: Logger, metrics: Metrics) => {
  const guarded = (name: string, work: () => Promise<void>) => (): void => {
    work().catch((error: unknown) =>
      logger.warn({ err: error, task: name }, 'maintenance failed; it is tried again'),
    )
  }
  const sweep = async (): Promise<void> => {
    metrics.swept(await sweepExpired(core.store, core.clock.now()))
  }
  const checkClock = createClockCheck(core, logger, metrics)
  await checkClock()
  const timers = [
    setInterval(guarded('clock', checkClock), clockInterval),
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
