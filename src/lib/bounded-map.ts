/** A map that forgets its oldest entry when it is full. */
export type BoundedMap<V> = {
  readonly get: (key: string) => V | undefined
  readonly set: (key: string, value: V) => V
}

export const createBoundedMap = <V>(entries: number): BoundedMap<V> => {
  const map = new Map<string, V>()
  return {
    get: (key) => map.get(key),
    set: (key, value) => {
      if (map.size >= entries) {
        const oldest = map.keys().next()
        if (!oldest.done) map.delete(oldest.value)
      }
      map.set(key, value)
      return value
    },
  }
}
