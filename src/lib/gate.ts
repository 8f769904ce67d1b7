import { Unavailable } from './refusal.ts'

/** Lets one piece of work at a time through per key, in order of arrival; throws `Unavailable` when too many wait. */
export const createGate = (mostWaiting: number) => {
  const last = new Map<string, { tail: Promise<unknown>; waiting: number }>()
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(key) ?? { tail: Promise.resolve(), waiting: 0 }
    if (before.waiting >= mostWaiting)
      throw new Unavailable('Too many attempts for this account at once. Try again.', 2)
    before.waiting += 1
    const mine = before.tail.then(work, work)
    before.tail = mine.catch(() => undefined)
    last.set(key, before)
    try {
      return await mine
    } finally {
      before.waiting -= 1
      if (before.waiting === 0) last.delete(key)
    }
  }
}
