/**
 * Lets callers that ask for the same thing at the same time share one piece of work.
 * Nothing is remembered once the work has settled.
 */
export const createSingleFlight = <T>() => {
  const running = new Map<string, Promise<T>>()
  return (key: string, work: () => Promise<T>): Promise<T> => {
    const existing = running.get(key)
    if (existing !== undefined) return existing
    const started = work().finally(() => running.delete(key))
    running.set(key, started)
    return started
  }
}
