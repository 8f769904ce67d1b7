import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { shownOffset } from '#test/support/zone-oracle.ts'
import { createZoneYears, type ZoneYear } from './zone-years.ts'

const middleOf = (year: number): number => new Date(0).setUTCFullYear(year, 6, 1) / 1000
const all = Array.from({ length: 9999 }, (_, i) => i + 1)

/** The years of a zone, and how often its rules were asked for an offset. */
const counted = (id: string) => {
  let asked = 0
  const yearAt = createZoneYears((instant) => {
    asked++
    return shownOffset(id, instant)
  })
  return { yearAt, asked: () => asked }
}

describe('the years of a zone', () => {
  test('are read once each, and so few that all of them are kept', () => {
    for (const id of ['Europe/Berlin', 'Africa/Casablanca', 'Antarctica/Troll']) {
      const { yearAt, asked } = counted(id)
      const years = new Set<ZoneYear>(all.map((year) => yearAt(middleOf(year)).year))
      assert.ok(years.size < 350, `${years.size} years of ${id}`)
      const first = asked()
      assert.ok(first < 50_000, `${first} offsets of ${id}`)
      for (const year of all) yearAt(middleOf(year))
      assert.equal(asked(), first)
    }
  })
  test('have their transitions to the second, in years that nobody has rules for, too', () => {
    const { yearAt } = counted('America/New_York')
    for (const year of [1883, 1918, 2024, 2100, 2101, 2128, 2200, 2400, 5000, 9999]) {
      const { year: found, shift } = yearAt(middleOf(year))
      assert.ok(found.transitions.length > 0, String(year))
      for (const { at, before, after } of found.transitions) {
        const instant = at + shift
        assert.equal(new Date(instant * 1000).getUTCFullYear(), year)
        assert.equal(shownOffset('America/New_York', instant - 1), before)
        assert.equal(shownOffset('America/New_York', instant), after)
      }
    }
  })
  test('miss no short summer time', () => {
    for (const [id, year, changes] of [
      ['Asia/Gaza', 2040, 4],
      ['America/Argentina/Tucuman', 2004, 2],
      ['Africa/Tunis', 1943, 4],
      ['America/Recife', 2000, 3],
    ] as const) {
      const { transitions } = counted(id).yearAt(middleOf(year)).year
      assert.equal(transitions.length, changes, id)
    }
  })
})
