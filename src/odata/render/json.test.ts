import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EdmType } from '../edm/types.ts'
import { createRowRenderer, type RawValue } from './json.ts'
import { createRowsRenderer } from './rows.ts'

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

describe('rows that are rendered together', () => {
  const flags = [null, true, false]
  const numbers = [
    0,
    -0,
    1,
    1.5,
    -129,
    255,
    256,
    32_768,
    2 ** 31,
    2 ** 53,
    1e21,
    1e-7,
    NaN,
    Infinity,
  ]
  const texts = ['', 'a"b\\\u2028\n\ud800', '5', '1.50', 'INF', '12:34:56']
  const stamps = ['2001-01-01', '2001-01-01T00:47:00Z', '2001-01-01 00:47']
  const others = [5n, 2n ** 63n - 1n, 'ABCDEF00-0000-0000-0000-000000000000', new Uint8Array([255])]
  const values: readonly RawValue[] = [...flags, ...numbers, ...texts, ...stamps, ...others]
  const wholes = ['Edm.Byte', 'Edm.SByte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64'] as const
  const reals = ['Edm.Decimal', 'Edm.Single', 'Edm.Double', 'Edm.Duration'] as const
  const times = ['Edm.Date', 'Edm.DateTimeOffset', 'Edm.TimeOfDay'] as const
  const rest = ['Edm.Boolean', 'Edm.String', 'Edm.Guid', 'Edm.Binary'] as const
  const types: readonly EdmType[] = [...wholes, ...reals, ...times, ...rest]
  const attempt = (render: () => string): string => {
    try {
      return render()
    } catch (error) {
      return String(error)
    }
  }
  for (const type of types)
    for (const ieee754 of [false, true])
      test(`are what they are one by one, of ${type}${ieee754 ? ' as text' : ''}`, () => {
        const properties = ['a', 'b'].map((name) => ({ name, type }))
        const one = createRowRenderer(properties, ieee754)
        const many = createRowsRenderer(properties, ieee754)
        for (const value of values) {
          const rows = [
            [null, null],
            [value, null],
            [null, value],
            [null, null],
          ]
          assert.equal(
            attempt(() => many(rows)),
            attempt(() => rows.map((row) => `{${one(row)}}`).join()),
          )
        }
      })
  test('are none, and have members of any name', () => {
    const render = createRowsRenderer([{ name: '__proto__', type: 'Edm.Int32' }], false)
    assert.equal(render([]), '')
    assert.equal(render([[1], [2]]), '{"__proto__":1},{"__proto__":2}')
  })
})
