import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Property } from '#odata/edm/model.ts'
import type { EdmType } from '#odata/edm/types.ts'
import { createCsvRenderer, csvHeader, endOfRecord } from '#odata/render/csv.ts'
import { createRowRenderer, type RawValue } from '#odata/render/json.ts'
import { type CsvField, readCsv } from '#test/support/csv.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  // What CSV and spreadsheets find hard.
  fc
    .array(
      fc.constantFrom('"', ',', '\r', '\n', ' ', '\t', ';', '=', '\0', '\uFEFF', '\\', 'NULL', 'é'),
    )
    .map((pieces) => pieces.join('')),
)
const whole = (least: number, most: number) =>
  fc.oneof(fc.integer({ min: least, max: most }), fc.constantFrom(least, most))
const digits = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 37n), fc.option(fc.stringMatching(/^\d{1,20}$/)))
  .map(([minus, n, part]) => `${minus ? '-' : ''}${n}${part === null ? '' : `.${part}`}`)
const stamp = fc
  .date({ min: new Date('0001-01-01Z'), max: new Date('9999-12-31Z'), noInvalidDate: true })
  .map((date) => date.toISOString())

const values: Readonly<Record<EdmType, fc.Arbitrary<RawValue>>> = {
  'Edm.Boolean': fc.constantFrom(true, false, 0, 1),
  'Edm.Byte': whole(0, 255),
  'Edm.SByte': whole(-128, 127),
  'Edm.Int16': whole(-32_768, 32_767),
  'Edm.Int32': whole(-2_147_483_648, 2_147_483_647),
  'Edm.Int64': fc.oneof(
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n),
  ),
  'Edm.Decimal': digits,
  'Edm.Single': fc.float(),
  'Edm.Double': fc.double(),
  'Edm.String': text,
  'Edm.Date': stamp.map((iso) => iso.slice(0, 10)),
  'Edm.DateTimeOffset': stamp,
  'Edm.TimeOfDay': stamp.map((iso) => iso.slice(11, 23)),
  'Edm.Guid': fc.uuid(),
  'Edm.Binary': fc.uint8Array(),
  'Edm.Duration': fc.integer({ min: -1e9, max: 1e9 }),
}

const properties = (Object.keys(values) as EdmType[]).map(
  (type): Property => ({
    name: type.slice('Edm.'.length),
    type,
    nullable: true,
    maxLength: undefined,
    precision: undefined,
    scale: undefined,
    column: type,
  }),
)
const row = fc.tuple(
  ...properties.map(({ type }) => fc.option(values[type], { nil: null, freq: 4 })),
)

/** What a client of OData JSON reads, with exact numbers: a text for each value. */
const fieldOf = (value: unknown): CsvField =>
  value === null ? null : typeof value === 'string' ? value : JSON.stringify(value)

test('CSV, read by the letter of RFC 4180, says what OData JSON says, value by value', () => {
  const toCsv = createCsvRenderer(properties)
  const toJson = createRowRenderer(properties, true)
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
      const csv = csvHeader(properties) + rows.map((cells) => toCsv(cells) + endOfRecord).join('')
      // As it arrives: what UTF-8 cannot say would be another text now.
      const [header, ...records] = readCsv(Buffer.from(csv).toString())
      assert.deepEqual(
        header,
        properties.map(({ name }) => name),
      )
      assert.deepEqual(
        records,
        rows.map((cells) => {
          const object = JSON.parse(`{${toJson(cells)}}`) as Record<string, unknown>
          return properties.map(({ name }) => fieldOf(object[name]))
        }),
      )
    }),
    { numRuns: 2000 },
  )
})

test('half a character is refused in CSV, rather than sent as another one', () => {
  const property = properties.find(({ type }) => type === 'Edm.String')
  assert.ok(property)
  const render = createCsvRenderer([property])
  for (const broken of ['\uD800', 'a\uDC00b'])
    assert.throws(() => render([broken]), { kind: 'unrepresentable', target: 'String' })
  assert.equal(render(['😀']), '😀')
})
