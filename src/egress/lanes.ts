import type { Clock } from '#lib/clock.ts'
import { UpstreamError } from './upstream-error.ts'

type Waiter = { readonly enter: () => void; readonly refuse: (reason: Error) => void }

type Lane = { active: number; readonly waiting: Set<Waiter>; closedUntil: number }

export type LaneLimits = {
  /** Requests of one lane at once, and more that wait for one of them to end. */
  readonly atOnce: number
  readonly mostWaiting: number
  /** Lanes that are remembered because their upstream asked for a pause. */
  readonly mostClosed: number
  /** Seconds that a lane is closed at most: what one answer asked for holds for everything else that a tenant has there. */
  readonly longestClosed: number
}

const defaults: LaneLimits = { atOnce: 8, mostWaiting: 64, mostClosed: 10_000, longestClosed: 3600 }

const throttled = (message: string, retryAfter: number): UpstreamError =>
  new UpstreamError('throttled', message, { retryAfterSeconds: retryAfter })

const askedToWait = (seconds: number): UpstreamError =>
  throttled(
    `The data store asked to be left alone for ${seconds} seconds. Try again then.`,
    seconds,
  )

/**
 * Requests in lanes: those of one lane share their number at once, in order of arrival, and their upstream's wish to wait.
 * One lane never holds up another. A lane is forgotten when nothing is in it and nothing is to be remembered.
 */
export const createLanes = (clock: Clock, limits: Partial<LaneLimits> = {}) => {
  const { atOnce, mostWaiting, mostClosed, longestClosed } = { ...defaults, ...limits }
  const lanes = new Map<string, Lane>()

  const isIdle = (lane: Lane): boolean => lane.active === 0 && lane.waiting.size === 0

  const laneOf = (name: string): Lane => {
    const lane = lanes.get(name) ?? { active: 0, waiting: new Set(), closedUntil: 0 }
    lanes.set(name, lane)
    return lane
  }

  const secondsClosed = (lane: Lane): number =>
    Math.max(0, Math.ceil((lane.closedUntil - clock.now()) / 1000))

  /** Whoever was refused may say so after the lane was forgotten and another one has its name. */
  const forgetIdle = (name: string, lane: Lane): void => {
    const isKept = lanes.get(name) === lane
    if (isKept && isIdle(lane) && secondsClosed(lane) === 0) lanes.delete(name)
  }

  /** Closed lanes are idle for a while before anybody asks for them again, if ever. */
  const forgetClosed = (): void => {
    if (lanes.size <= mostClosed) return
    for (const [name, lane] of lanes) forgetIdle(name, lane)
    for (const [name, lane] of lanes) {
      if (lanes.size <= mostClosed) return
      if (isIdle(lane)) lanes.delete(name)
    }
  }

  const wait = (lane: Lane, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        lane.waiting.delete(waiter)
        signal.removeEventListener('abort', giveUp)
      }
      const waiter: Waiter = {
        enter: () => (leave(), resolve()),
        refuse: (reason) => (leave(), reject(reason)),
      }
      const giveUp = (): void => waiter.refuse(signal.reason as Error)
      lane.waiting.add(waiter)
      signal.addEventListener('abort', giveUp)
    })

  const enter = async (lane: Lane, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    const seconds = secondsClosed(lane)
    if (seconds > 0) throw askedToWait(seconds)
    if (lane.active < atOnce) {
      lane.active += 1
      return
    }
    if (lane.waiting.size >= mostWaiting)
      throw throttled('Too many requests to this data store are under way. Try again.', 1)
    await wait(lane, signal)
  }

  /** The place of who leaves goes to the first who waits, never to somebody who has just come. */
  const leave = (lane: Lane): void => {
    const [next] = lane.waiting
    if (next === undefined) lane.active -= 1
    else next.enter()
  }

  return {
    /**
     * Does the work when there is a place for it. Throws `throttled` when the lane is closed or too many wait, and the signal's
     * reason when it is aborted while it waits.
     */
    run: async <T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
      const lane = laneOf(name)
      try {
        await enter(lane, signal)
        try {
          return await work()
        } finally {
          leave(lane)
        }
      } finally {
        forgetIdle(name, lane)
      }
    },
    /** Closes a lane for so many seconds, within reason, also to those that wait in it. What is under way goes on. */
    close: (name: string, wanted: number): void => {
      const lane = laneOf(name)
      const seconds = Math.min(wanted, longestClosed)
      lane.closedUntil = Math.max(lane.closedUntil, clock.now() + seconds * 1000)
      for (const waiter of lane.waiting) waiter.refuse(askedToWait(seconds))
      forgetClosed()
    },
    /** How many lanes are remembered. */
    size: (): number => lanes.size,
  }
}

export type Lanes = ReturnType<typeof createLanes>
