import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDigest, type Digest, type Value } from './digest.ts'

const digestOf = (...rows: (readonly Value[])[]): Digest => {
  const digest = createDigest()
  for (const row of rows) digest.add(row)
  return digest.result()
}

test('a digest does not depend on the order of the rows, and tells every other difference', () => {
  const bytes = new Uint8Array([1, 2])
  const rows: (readonly Value[])[] = [
    [1, 'one', bytes, null],
    [2, 'two', bytes, 5],
  ]
  const whole = digestOf(...rows)

  assert.deepEqual(digestOf(...rows.toReversed()), whole)
  assert.equal(whole.rows, 2)
  for (const other of [
    [rows[0]!],
    [...rows, rows[0]!],
    [rows[0]!, [2, 'two', bytes, 6]],
    [rows[0]!, [2, 'two', new Uint8Array([1, 3]), 5]],
    [rows[0]!, [2, 'two', bytes, '5']],
    [rows[0]!, [2, 'two', bytes, null]],
    [rows[0]!, [2, 'two', bytes]],
  ] as (readonly Value[])[][])
    assert.notEqual(digestOf(...other).sum, whole.sum)
})

test('where a value ends counts, and equal rows do not vanish in pairs', () => {
  assert.notEqual(digestOf(['ab', 'c']).sum, digestOf(['a', 'bc']).sum)
  assert.notEqual(digestOf(['a']).sum, digestOf([Buffer.from('a')]).sum)
  assert.notEqual(digestOf([1], [1]).sum, digestOf([2], [2]).sum)
  assert.notEqual(digestOf([1], [1]).sum, digestOf().sum)
})
