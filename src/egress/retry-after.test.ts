import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { longestPause, retryAfterSeconds } from './retry-after.ts'

const now = Date.parse('2026-01-02T03:04:05Z')

test('seconds and dates are understood, up to a day', () => {
  for (const [value, expected] of [
    ['7', 7],
    [' 7 ', 7],
    ['301', 301],
    ['86400', 86_400],
    ['86401', 86_400],
    ['99999999999999999999999', 86_400],
    ['Fri, 02 Jan 2026 03:04:06 GMT', 1],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60],
    ['Sat, 02 Jan 2027 03:04:05 GMT', 86_400],
  ] as const)
    assert.equal(retryAfterSeconds(value, now), expected, value)
})

test('no time, a time that has passed, and what is neither mean nothing', () => {
  for (const value of [
    undefined,
    '',
    '0',
    '-7',
    '1.5',
    '7, 7',
    'soon',
    'Fri, 02 Jan 2026 03:04:05 GMT',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'Fri, 99 Jan 2026 03:04:06 GMT',
    '2026-01-02T03:05:05Z',
  ])
    assert.equal(retryAfterSeconds(value, now), undefined, value)
})

test('whatever is sent, the pause is whole seconds within its bounds', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.nat().map(String), fc.date().map(String)), (value) => {
      const seconds = retryAfterSeconds(value, now)
      assert.ok(
        seconds === undefined ||
          (Number.isInteger(seconds) && seconds > 0 && seconds <= longestPause),
      )
    }),
  )
})
