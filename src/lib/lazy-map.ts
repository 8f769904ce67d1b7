/**
 * A map as another one with each value made into something else when it is first asked for, and once. Its keys, and their order,
 * are those of the other one, which must not change.
 */
export const lazyMap = <K, V>(
  from: ReadonlyMap<K, V>,
  make: (value: V) => V,
): ReadonlyMap<K, V> => {
  const made = new Map<K, V>()
  const known = (key: K, value: V): V => {
    const again = made.get(key)
    if (again !== undefined) return again
    const fresh = make(value)
    made.set(key, fresh)
    return fresh
  }
  const map: ReadonlyMap<K, V> = {
    size: from.size,
    has: (key) => from.has(key),
    get: (key) => {
      const value = from.get(key)
      return value === undefined ? undefined : known(key, value)
    },
    keys: () => from.keys(),
    values: () => from.entries().map(([key, value]) => known(key, value)),
    entries: () => from.entries().map(([key, value]) => [key, known(key, value)]),
    forEach: (see) => from.forEach((value, key) => see(known(key, value), key, map)),
    [Symbol.iterator]: () => map.entries(),
  }
  return map
}
