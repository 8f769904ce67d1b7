import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { javaInstant, shownOffset } from '#test/support/zone-oracle.ts'
import { findTimeZone, timeZoneNames, type TimeZone } from './time-zone.ts'

const seconds = (text: string): number => Date.parse(`${text}Z`) / 1000
const iso = (at: number): string => new Date(at * 1000).toISOString().slice(0, 19)
const zoneOf = (id: string): TimeZone => {
  const zone = findTimeZone(id)
  assert.ok(zone, id)
  return zone
}

describe('a time zone', () => {
  for (const [id, local, instant, why] of [
    ['Europe/Berlin', '2020-03-29T01:59:59', '2020-03-29T00:59:59', 'before the gap'],
    ['Europe/Berlin', '2020-03-29T02:30:00', '2020-03-29T01:30:00', 'in the gap'],
    ['Europe/Berlin', '2020-03-29T03:30:00', '2020-03-29T01:30:00', 'after the gap'],
    ['Europe/Berlin', '2020-10-25T02:30:00', '2020-10-25T00:30:00', 'the first of two'],
    ['Europe/Berlin', '2020-10-25T03:00:00', '2020-10-25T02:00:00', 'after both'],
    ['America/New_York', '2021-03-14T02:15:00', '2021-03-14T07:15:00', 'in the gap'],
    ['America/New_York', '2021-11-07T01:15:00', '2021-11-07T05:15:00', 'the first of two'],
    ['Australia/Lord_Howe', '2021-10-03T02:10:00', '2021-10-02T15:40:00', 'in half an hour’s gap'],
    ['Australia/Lord_Howe', '2021-04-04T01:45:00', '2021-04-03T14:45:00', 'the first of two'],
    ['Asia/Kolkata', '2021-04-04T01:45:00', '2021-04-03T20:15:00', 'without summer time'],
    ['Pacific/Apia', '2011-12-29T23:59:59', '2011-12-30T09:59:59', 'before the skipped day'],
    ['Pacific/Apia', '2011-12-30T12:00:00', '2011-12-30T22:00:00', 'on the skipped day'],
    ['Pacific/Apia', '2011-12-31T00:00:00', '2011-12-30T10:00:00', 'after the skipped day'],
    ['Etc/GMT+5', '2021-01-01T00:00:00', '2021-01-01T05:00:00', 'west, as POSIX counts'],
    ['+05:30', '2021-01-01T05:30:00', '2021-01-01T00:00:00', 'a fixed offset'],
    ['Europe/Berlin', '1850-01-01T00:53:28', '1850-01-01T00:00:00', 'before there were zones'],
  ] as const)
    test(`takes ${local} in ${id} for ${instant} in GMT (${why})`, () =>
      assert.equal(iso(zoneOf(id).instantOf(seconds(local))), instant))

  for (const [id, offset] of [
    ['GMT', 0],
    ['Z', 0],
    ['utc', 0],
    ['europe/berlin', 3600],
    ['EST5EDT', -18_000],
    ['CET', 3600],
    ['UTC+2', 7200],
    ['GMT+02:00', 7200],
    ['UT-0330', -12_600],
    ['-5', -18_000],
    ['+18:00', 64_800],
  ] as const)
    test(`is found by the id ${id}, as java.time does`, () =>
      assert.equal(zoneOf(id).offsetAt(seconds('2021-01-01T00:00:00')), offset))

  for (const [id, spellings] of [
    ['GMT', ['Z', 'utc', 'UT+0', '-00:00', 'Etc/UTC', 'Zulu', 'gmt+00:00']],
    ['+02:00', ['UTC+2', '+02', 'gmt+0200', 'UT+02:00']],
    ['-03:30', ['GMT-0330', 'ut-03:30']],
    ['Europe/Berlin', ['europe/berlin', 'EUROPE/BERLIN']],
  ] as const)
    test(`has the id ${id}, however it is spelled`, () => {
      assert.equal(zoneOf(id).id, id)
      for (const spelling of spellings) assert.equal(zoneOf(spelling), zoneOf(id), spelling)
    })

  for (const id of [
    '',
    'Europe/Berln',
    'IST',
    'PST',
    '+19:00',
    '+2:00',
    '+02:60',
    'GMT+',
    "'",
    '../etc',
  ])
    test(`is not found by the id '${id}'`, () => assert.equal(findTimeZone(id), undefined))

  const zones = fc.constantFrom(...timeZoneNames())
  const between = (from: string, to: string) => fc.integer({ min: seconds(from), max: seconds(to) })
  const moments = fc.oneof(
    between('1875-01-01T00:00:00', '2110-01-01T00:00:00'),
    between('1000-01-01T00:00:00', '9990-01-01T00:00:00'),
  )
  test('has the offset that a clock there shows, at any moment', () =>
    fc.assert(
      fc.property(zones, moments, (id, at) => {
        assert.equal(zoneOf(id).offsetAt(at), shownOffset(id, at), `${id} ${iso(at)}`)
      }),
      { numRuns: 300 },
    ))
  test('makes an instant of any local time as java.time does', () =>
    fc.assert(
      fc.property(zones, moments, (id, local) => {
        assert.equal(zoneOf(id).instantOf(local), javaInstant(id, local), `${id} ${iso(local)}`)
      }),
      { numRuns: 40 },
    ))
  const near = (from: string, to: string, id: string) =>
    fc.tuple(fc.constant(id), fc.integer({ min: seconds(from), max: seconds(to) }))
  const changing = fc.oneof(
    near('2020-03-29T00:00:00', '2020-03-29T05:00:00', 'Europe/Berlin'),
    near('2020-10-25T00:00:00', '2020-10-25T05:00:00', 'Europe/Berlin'),
    near('2021-10-02T12:00:00', '2021-10-03T06:00:00', 'Australia/Lord_Howe'),
    near('2021-04-03T12:00:00', '2021-04-04T06:00:00', 'Australia/Lord_Howe'),
    near('9998-03-27T00:00:00', '9998-03-30T05:00:00', 'Europe/Berlin'),
    near('9998-10-24T00:00:00', '9998-10-27T05:00:00', 'Europe/Berlin'),
    near('2011-12-29T00:00:00', '2012-01-01T00:00:00', 'Pacific/Apia'),
  )
  test('names all local times that mean an instant, and no others', () =>
    fc.assert(
      fc.property(changing, ([id, instant]) => {
        const { instantOf, localsOf } = zoneOf(id)
        const { local, exact, skipped } = localsOf(instant)
        if (exact) assert.equal(instantOf(local), instant)
        else {
          assert.ok(instantOf(local) > instant)
          assert.ok(instantOf(local - 1) < instant)
        }
        if (skipped === undefined) return
        assert.equal(instantOf(skipped.from), instant)
        assert.ok(skipped.from < skipped.end)
        assert.ok(instantOf(skipped.end) <= instant)
      }),
      { numRuns: 500 },
    ))
})
