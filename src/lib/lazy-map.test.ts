import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lazyMap } from './lazy-map.ts'

const numbers = new Map([
  ['a', 1],
  ['b', 2],
  ['c', 3],
])

test('a lazy map makes a value when it is asked for, and once', () => {
  const made: number[] = []
  const map = lazyMap(numbers, (n) => {
    made.push(n)
    return n * 10
  })
  assert.deepEqual(
    [map.size, map.has('b'), map.has('d'), [...map.keys()]],
    [3, true, false, ['a', 'b', 'c']],
  )
  assert.deepEqual(made, [])
  assert.deepEqual([map.get('b'), map.get('b'), map.get('d')], [20, 20, undefined])
  assert.deepEqual(made, [2])
  assert.deepEqual([...map.values()], [10, 20, 30])
  assert.deepEqual(made, [2, 1, 3])
})

test('a lazy map is gone through like any other', () => {
  const map = lazyMap(numbers, (n) => n * 10)
  const seen: unknown[] = []
  map.forEach((value, key) => seen.push([key, value]))
  assert.deepEqual(seen, [...map.entries()])
  assert.deepEqual([...map], [...map.entries()])
  assert.deepEqual(new Map(map).get('c'), 30)
})
