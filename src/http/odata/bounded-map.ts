export { type BoundedMap, createBoundedMap } from '#lib/bounded-map.ts'
