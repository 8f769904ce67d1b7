/** How many may have their turn at once, and how many may wait for it; 0 for any number. */
export type TurnLimits = { readonly atOnce: number; readonly waiting: number }

export type Turn = {
  /** Whether it had to be waited for. */
  readonly waited: boolean
  /** Gives it back; more than once does no harm. */
  readonly release: () => void
}

type Waiter = { readonly atOnce: number; readonly start: () => void }
type Queue = { running: number; readonly waiting: Set<Waiter> }

/**
 * Turns per key: so many at once, the others wait in order of arrival, and who finds too many waiting gets none (undefined). The
 * limits are those of the moment that a turn is asked for. Rejects with the signal's reason when it is aborted while waiting.
 */
export const createTurns = () => {
  const queues = new Map<string, Queue>()

  const isFree = ({ running }: Queue, atOnce: number): boolean => atOnce === 0 || running < atOnce

  const next = (key: string, queue: Queue): void => {
    const [first] = queue.waiting
    if (first !== undefined && isFree(queue, first.atOnce)) {
      queue.waiting.delete(first)
      first.start()
    } else if (queue.running === 0 && queue.waiting.size === 0) queues.delete(key)
  }

  const begin = (key: string, queue: Queue, waited: boolean): Turn => {
    queue.running += 1
    let held = true
    const release = (): void => {
      if (!held) return
      held = false
      queue.running -= 1
      next(key, queue)
    }
    return { waited, release }
  }

  const queueUp = (key: string, queue: Queue, atOnce: number, signal: AbortSignal): Promise<Turn> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        queue.waiting.delete(waiter)
        reject(signal.reason as Error)
        next(key, queue)
      }
      const start = (): void => {
        signal.removeEventListener('abort', leave)
        resolve(begin(key, queue, true))
      }
      const waiter: Waiter = { atOnce, start }
      queue.waiting.add(waiter)
      signal.addEventListener('abort', leave, { once: true })
    })

  return async (
    key: string,
    { atOnce, waiting }: TurnLimits,
    signal: AbortSignal,
  ): Promise<Turn | undefined> => {
    const queue = queues.get(key) ?? { running: 0, waiting: new Set() }
    queues.set(key, queue)
    if (isFree(queue, atOnce)) return begin(key, queue, false)
    if (waiting > 0 && queue.waiting.size >= waiting) return undefined
    signal.throwIfAborted()
    return queueUp(key, queue, atOnce, signal)
  }
}

export type Turns = ReturnType<typeof createTurns>
