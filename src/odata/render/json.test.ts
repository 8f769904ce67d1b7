import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EdmType } from '../edm/types.ts'
import { createRowRenderer, type RawValue } from './json.ts'

const render = (type: EdmType, value: RawValue, ieee754 = false): string => {
  const property = { name: 'p', type, nullable: true, column: 'p' }
  const facets = { maxLength: undefined, precision: undefined, scale: undefined }
  return createRowRenderer([{ ...property, ...facets }], ieee754)([value]).slice('"p":'.length)
}

describe('a rendered value', () => {
  for (const [type, value, text] of [
    ['Edm.Int64', 9223372036854775807n, '9223372036854775807'],
    ['Edm.Int32', 5n, '5'],
    ['Edm.Decimal', 9007199254740993n, '9007199254740993'],
    ['Edm.Decimal', '12345678901234567890.12', '12345678901234567890.12'],
    ['Edm.Decimal', 1e-7, '0.0000001'],
    ['Edm.Decimal', -1.5e-9, '-0.0000000015'],
    ['Edm.Decimal', 1.25e22, '12500000000000000000000'],
    ['Edm.Double', Infinity, '"INF"'],
    ['Edm.Boolean', 1, 'true'],
    ['Edm.Boolean', false, 'false'],
    ['Edm.String', 'a"b\u2028', '"a\\"b\u2028"'],
    ['Edm.DateTimeOffset', '2001-01-01T00:47:00Z', '"2001-01-01T00:47:00Z"'],
    ['Edm.DateTimeOffset', '2001-01-01 00:47:00.123456', '"2001-01-01T00:47:00.123456Z"'],
    ['Edm.DateTimeOffset', '2001-01-01T01:47+02:00', '"2000-12-31T23:47:00Z"'],
    ['Edm.DateTimeOffset', '2001-01-01', '"2001-01-01T00:00:00Z"'],
    ['Edm.Date', '2001-01-01', '"2001-01-01"'],
    ['Edm.Binary', new Uint8Array([255, 254]), '"__4"'],
    ['Edm.Int32', null, 'null'],
  ] as const)
    test(`is ${text} when ${type} holds ${String(value)}`, () =>
      assert.equal(render(type, value), text))
  for (const [type, value] of [
    ['Edm.Int32', 3_000_000_000],
    ['Edm.Int32', 1.5],
    ['Edm.Int32', 'x'],
    ['Edm.Int64', 2 ** 60],
    ['Edm.Boolean', 2],
    ['Edm.Date', '1.2.2003'],
    ['Edm.DateTimeOffset', 978_310_020],
    ['Edm.Guid', 'x'],
    ['Edm.Decimal', Infinity],
  ] as const)
    test(`is refused when ${type} holds ${String(value)}`, () =>
      assert.throws(() => render(type, value), { kind: 'unrepresentable' }))
  test('is a text for big numbers when IEEE754Compatible is asked for', () => {
    assert.equal(render('Edm.Int64', 5n, true), '"5"')
    assert.equal(render('Edm.Decimal', 1.5, true), '"1.5"')
    assert.equal(render('Edm.Int32', 5, true), '5')
  })
})
