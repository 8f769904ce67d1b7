import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureOf } from './failure.ts'

const of = (message: string, tables = ['sales']) => failureOf(new Error(message), tables)

test('an error of the engine names line and column, and never a value or a path', () => {
  const { message, detail } = of(
    `Conversion Error: CSV Error on Line: 3\nOriginal Line: hush,1\nError when converting column "id". Could not convert string "hush" to 'BIGINT'\n  file = /srv/files/1/sales.csv`,
  )
  assert.equal(
    message,
    "A value is not of the type of its column, or two types do not fit together (line 3, column 'id').",
  )
  assert.equal(detail, "Conversion Error (line 3, column 'id') reading sales")
})

for (const [error, tables, kind] of [
  ['Binder Error: Referenced column "x" not found in FROM clause', ['sales'], 'busy'],
  ['Binder Error: Cannot compare values of type VARCHAR and type DATE', ['sales'], 'rejected'],
  ['Binder Error: Referenced column "x" not found in FROM clause', [], 'rejected'],
  ['IO Error: No files found that match the pattern "/srv/x.csv"', ['sales'], 'unavailable'],
  ['IO Error: Cannot open file "/srv/x.csv": Permission denied', [], 'rejected'],
  ['Out of Memory Error: could not allocate', ['sales'], 'rejected'],
  ['something else /srv/x.csv', ['sales'], 'rejected'],
] as const)
  test(`an error of the engine is ${kind} when it says ${JSON.stringify(error.slice(0, 50))} of ${tables.length} tables`, () => {
    const failure = of(error, [...tables])
    assert.equal(failure.as, kind)
    assert.doesNotMatch(failure.message + failure.detail, /srv/)
  })
