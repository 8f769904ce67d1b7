import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as engine from '@duckdb/node-api'
import { boundValue, createCells, stampText } from './values.ts'

for (const [given, text] of [
  ['2001-01-01T01:00+01:00', '2001-01-01 00:00:00'],
  ['2001-01-01T00:00:00.123456Z', '2001-01-01 00:00:00.123456'],
  ['0001-01-01T00:00:00Z', '0001-01-01 00:00:00'],
  ['2001-01-01 00:00:00', '2001-01-01 00:00:00'],
  ['infinity', 'infinity'],
])
  test(`a stamp goes to the engine in GMT and whole when it is ${given}`, () =>
    assert.equal(stampText(given ?? ''), text))

for (const [value, type, bound] of [
  [5, 'Edm.Int32', 'BIGINT'],
  [5, 'Edm.Double', 'DOUBLE'],
  [2.5, 'Edm.Decimal', 'DOUBLE'],
  [2n ** 63n - 1n, 'Edm.Int64', 'BIGINT'],
  [2n ** 63n, 'Edm.Decimal', 'HUGEINT'],
  ['-12.50', 'Edm.Decimal', 'DECIMAL(4,2)'],
  ['x', 'Edm.Decimal', 'VARCHAR'],
  ['12.50', 'Edm.String', 'VARCHAR'],
  [true, 'Edm.Boolean', 'BOOLEAN'],
  [new Uint8Array([1]), 'Edm.Binary', 'BLOB'],
  [null, undefined, 'SQLNULL'],
] as const)
  test(`a value is taken for ${bound} when it is ${String(value)} as ${type}`, () =>
    assert.equal(String(boundValue(value, type, engine)[1]), bound))

test('cells are exact', () => {
  const cellOf = createCells(engine)
  for (const [value, cell] of [
    [2n ** 53n - 1n, 2 ** 53 - 1],
    [2n ** 53n + 1n, 2n ** 53n + 1n],
    [new engine.DuckDBDecimalValue(-5n, 3, 2), '-0.05'],
    [new engine.DuckDBTimestampValue(-1n), '1969-12-31T23:59:59.999999Z'],
    [new engine.DuckDBTimestampValue(-62_135_596_800_000_000n), '0001-01-01T00:00:00Z'],
    [engine.DuckDBTimestampValue.PosInf, 'infinity'],
    [new engine.DuckDBListValue([1n, new engine.DuckDBListValue([null])]), [1, [null]]],
    [new engine.DuckDBBlobValue(new Uint8Array([0, 255])), new Uint8Array([0, 255])],
  ] as const)
    assert.deepEqual(cellOf(value), cell)
})
