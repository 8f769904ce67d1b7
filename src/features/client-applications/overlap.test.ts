import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOverlap } from './overlap.ts'

test('an overlap is read in seconds or with its unit, up to 30 days', () => {
  for (const [text, time] of [
    ['1', 1000],
    ['3600', 3_600_000],
    ['2592000', 2_592_000_000],
    ['90s', 90_000],
    ['15m', 900_000],
    ['12h', 43_200_000],
    ['720h', 2_592_000_000],
    ['30d', 2_592_000_000],
  ] as const)
    assert.equal(parseOverlap(text), time, text)
})

const wrong =
  '|0|00|007|-1|+1|1.5|1,5|1e3|0x10| 1|1 |1w|1y|1S|30D|1d12h|d|31d|721h|43201m|2592001|2592001s|9999999d|99999999|' +
  'one day|P1D|NaN|Infinity|٣'

for (const text of wrong.split('|'))
  test(`the overlap "${text}" is none`, () => {
    assert.equal(parseOverlap(text), undefined)
  })
