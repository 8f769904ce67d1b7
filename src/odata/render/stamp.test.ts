import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findTimeZone } from '#lib/time-zone.ts'
import { createStampRenderer } from './stamp.ts'

const [noDate, forEver] = ['0001-01-01 00:00:00', '9999-12-31 23:59:59']

describe('a stamp at the ends of the calendar', () => {
  for (const [id, text, served] of [
    ['Europe/Berlin', noDate, '0001-01-01T00:00:00Z'],
    ['Europe/Berlin', '0001-01-01 00:53:27.5', '0001-01-01T00:53:27.5Z'],
    ['Europe/Berlin', '0001-01-01 00:53:28', '0001-01-01T00:00:00Z'],
    ['Europe/Berlin', forEver, '9999-12-31T23:59:59+01:00'],
    ['Asia/Tokyo', noDate, '0001-01-01T00:00:00Z'],
    ['+02:00', noDate, '0001-01-01T00:00:00Z'],
    ['+02:00', '0001-01-01 02:00:00', '0001-01-01T02:00:00+02:00'],
    ['America/New_York', noDate, '0001-01-01T04:56:02Z'],
    ['America/New_York', forEver, '9999-12-31T23:59:59Z'],
    ['America/New_York', '9999-12-31 18:59:59', '9999-12-31T18:59:59-05:00'],
    ['America/New_York', '0000-12-31 23:59:59', undefined],
    ['-05:00', '0000-12-31 23:59:59', undefined],
  ] as const)
    test(`is one that every client can read: ${text} in ${id}`, () => {
      const zone = findTimeZone(id)
      assert.ok(zone)
      assert.equal(createStampRenderer({ zone, zoneless: 'always' })(text), served)
    })

  test('is an instant where it names its zone, and then in GMT if the zone shows another year', () => {
    const spell = (id: string) => {
      const zone = findTimeZone(id)
      assert.ok(zone)
      return createStampRenderer({ zone, zoneless: 'by-value' })
    }
    assert.equal(spell('-05:00')('0001-01-01T00:00:00Z'), '0001-01-01T00:00:00Z')
    assert.equal(spell('+02:00')('0001-01-01T00:00:00Z'), '0001-01-01T02:00:00+02:00')
    assert.equal(spell('+02:00')('9999-12-31T23:59:59Z'), '9999-12-31T23:59:59Z')
    assert.equal(spell('+02:00')('0001-01-01T00:00:00+02:00'), undefined)
  })

  for (const text of [
    '0000-12-31T23:59:59Z',
    '0001-01-01T00:00:00+02:00',
    '0000-01-01',
    '9999-12-31T23:59:59-05:00',
  ])
    test(`is none without a zone where its year is 0 or 10000: ${text}`, () =>
      assert.equal(createStampRenderer({})(text), undefined))
})
