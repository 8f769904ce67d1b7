import { Unavailable } from '#lib/refusal.ts'

/** Lets work in until it is closed, and then waits for what is inside; all of it is bounded by the time-outs. */
export const createDoor = () => {
  const inside = new Set<Promise<unknown>>()
  let open = true
  return {
    enter: async <T>(work: () => Promise<T>): Promise<T> => {
      if (!open) throw new Unavailable('The server is stopping. Try again.', 2)
      const mine = work()
      inside.add(mine)
      try {
        return await mine
      } finally {
        inside.delete(mine)
      }
    },
    close: async (): Promise<void> => {
      open = false
      await Promise.allSettled(inside)
    },
  }
}
