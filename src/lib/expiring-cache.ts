import type { Clock } from './clock.ts'

/** A bounded map whose entries die of age (milliseconds) or, when it is full, oldest first. */
export type ExpiringCache<V> = {
  readonly get: (key: string) => V | undefined
  readonly set: (key: string, value: V) => void
  readonly delete: (key: string) => void
  readonly clear: () => void
  readonly size: () => number
}

export const createExpiringCache = <V>(
  clock: Clock,
  limits: { readonly entries: number; readonly age: number },
): ExpiringCache<V> => {
  const entries = new Map<string, { readonly value: V; readonly until: number }>()
  return {
    get: (key) => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if (entry.until > clock.now()) return entry.value
      entries.delete(key)
      return undefined
    },
    set: (key, value) => {
      entries.delete(key)
      if (entries.size >= limits.entries) {
        const oldest = entries.keys().next()
        if (!oldest.done) entries.delete(oldest.value)
      }
      entries.set(key, { value, until: clock.now() + limits.age })
    },
    delete: (key) => void entries.delete(key),
    clear: () => entries.clear(),
    size: () => entries.size,
  }
}
