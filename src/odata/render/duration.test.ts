import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationFromText } from './duration.ts'

for (const [written, seconds] of [
  ['P1DT2H3M4.5S', 'PT93784.5S'],
  ['P1DT-2H', 'PT79200S'],
  ['P-1DT2H', '-PT79200S'],
  ['PT-0.000001S', '-PT0.000001S'],
  ['P2W', 'PT1209600S'],
  ['PT0S', 'PT0S'],
  ['P100000000DT0.000001S', 'PT8640000000000.000001S'],
  ['P1M', undefined],
  ['P1Y2M3DT4H', undefined],
  ['P', undefined],
  ['P1DT', undefined],
  ['1 day', undefined],
  ['infinity', undefined],
] as const)
  test(`a duration that a store writes ${written} is ${seconds ?? 'none'}`, () =>
    assert.equal(durationFromText(written), seconds))
