import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Column, ReadShape } from '#query/plan.ts'
import { compileFileRead } from './statement.ts'

const column = (name: string, type: Column['type'] = 'Edm.Int64'): Column => ({
  kind: 'column',
  row: 0,
  name,
  type,
  nullable: name !== 'RowNumber',
})
const slot = (index: number, type: Column['type']) => ({ kind: 'slot', index, type }) as const
const key = { expression: column('RowNumber'), descending: false }
const other = { expression: column('a'), descending: false }
const base: ReadShape = {
  from: { kind: 'table', row: 0, table: 't' },
  joins: [],
  groupBy: undefined,
  outputs: [column('a')],
  filter: undefined,
  order: [key],
  after: undefined,
  limit: undefined,
  offset: undefined,
}
const textOf = (more: Partial<ReadShape>, rowNumber: string | undefined = 'RowNumber') =>
  compileFileRead({ ...base, ...more }, rowNumber).statement.text

test('the order of the file is not asked for, since it is the order of the rows anyhow', () => {
  assert.equal(textOf({}), 'SELECT t0."a" FROM "t" AS t0')
  assert.equal(textOf({ order: [key, other] }), 'SELECT t0."a" FROM "t" AS t0')
  assert.equal(
    textOf({ after: [slot(0, 'Edm.String')], limit: slot(1, 'Edm.Int64') }),
    'SELECT t0."a" FROM "t" AS t0 WHERE (t0."RowNumber" > $1) LIMIT $2',
  )
})

test('every other order is asked for', () => {
  const ordered = 'SELECT t0."a" FROM "t" AS t0 ORDER BY '
  assert.equal(textOf({ order: [other, key] }), `${ordered}t0."a" NULLS FIRST, t0."RowNumber"`)
  assert.equal(textOf({ order: [{ ...key, descending: true }] }), `${ordered}t0."RowNumber" DESC`)
  assert.equal(textOf({}, 'Other'), `${ordered}t0."RowNumber"`)
})

test('a keyset over a column with nulls compares no rows of values, in which null would be the highest', () => {
  assert.equal(
    textOf({ order: [other, key], after: [slot(0, 'Edm.Int64'), slot(1, 'Edm.Int64')] }),
    `SELECT t0."a" FROM "t" AS t0 WHERE ((t0."a" > $1) OR (t0."a" = $2 AND t0."RowNumber" > $3)) ORDER BY t0."a" NULLS FIRST, t0."RowNumber"`,
  )
})

test('tables and the types of values are found wherever they are in a shape', () => {
  const { tables, types } = compileFileRead(
    {
      ...base,
      filter: {
        kind: 'not',
        operand: {
          kind: 'in',
          operand: column('d', 'Edm.Date'),
          items: [slot(3, 'Edm.Date'), { kind: 'null' }],
        },
      },
    },
    undefined,
  )
  assert.deepEqual(tables, ['t'])
  assert.deepEqual([...types], [[3, 'Edm.Date']])
})
