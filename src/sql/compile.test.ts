import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Expression, ReadShape } from '#query/plan.ts'
import { compileCount, compileRead } from './compile.ts'
import { dialects } from './dialects/index.ts'
import { identifier, renderSql, slotValue, sql } from './fragment.ts'

const column = (name: string, nullable: boolean): Expression => ({
  kind: 'column',
  row: 0,
  name,
  type: 'Edm.Int32',
  nullable,
})
const slot = (index: number) => ({ kind: 'slot', index, type: 'Edm.Int32' }) as const
const base: ReadShape = {
  from: { kind: 'table', row: 0, table: 't' },
  joins: [],
  groupBy: undefined,
  outputs: [column('a', true)],
  filter: undefined,
  order: [],
  after: undefined,
  limit: undefined,
  offset: undefined,
}
const textOf = (shape: Partial<ReadShape>) => compileRead({ ...base, ...shape }, dialects.sqlite)
const whereOf = (filter: Expression) =>
  textOf({ filter }).text.replace('SELECT t0."a" FROM "t" AS t0 WHERE ', '')

const a = column('a', true)
const b = column('b', false)

describe('compiled SQL', () => {
  test('keeps a plain comparison where unknown counts as false', () => {
    assert.equal(
      whereOf({ kind: 'compare', operator: 'gt', left: a, right: slot(0) }),
      '(t0."a" > ?)',
    )
    assert.equal(
      whereOf({ kind: 'compare', operator: 'eq', left: a, right: slot(0) }),
      '(t0."a" = ?)',
    )
  })
  test('decides unknown comparisons below not', () => {
    const operand: Expression = { kind: 'compare', operator: 'gt', left: a, right: slot(0) }
    assert.equal(whereOf({ kind: 'not', operand }), '(NOT ((t0."a" > ?) IS TRUE))')
  })
  test('counts null as different from a value', () => {
    assert.equal(
      whereOf({ kind: 'compare', operator: 'ne', left: a, right: slot(0) }),
      '(t0."a" IS NOT ?)',
    )
    assert.equal(
      whereOf({ kind: 'compare', operator: 'ne', left: b, right: slot(0) }),
      '(t0."b" <> ?)',
    )
  })
  test('compares rows of values when a keyset runs in one direction', () => {
    const order = [a, b].map((expression) => ({ expression, descending: false }))
    const { text, slots } = textOf({ order, after: [slot(3), slot(1)], limit: slot(2) })
    assert.equal(
      text,
      'SELECT t0."a" FROM "t" AS t0 WHERE (t0."a", t0."b") > (?, ?) ORDER BY t0."a", t0."b" LIMIT ?',
    )
    assert.deepEqual(slots, [3, 1, 2])
  })
  test('spells a keyset out when nulls come last', () => {
    const order = [a, b].map((expression) => ({ expression, descending: true }))
    const { text } = textOf({ order, after: [slot(0), slot(1)] })
    assert.match(
      text,
      /WHERE \(\(\(t0\."a" < \? OR t0\."a" IS NULL\)\) OR \(t0\."a" = \? AND t0\."b" < \?\)\)/,
    )
  })
  test('counts without order, limit and keyset', () => {
    const shape = {
      ...base,
      order: [{ expression: b, descending: false }],
      after: [slot(0)],
      limit: slot(1),
    }
    assert.equal(compileCount(shape, dialects.sqlite).text, 'SELECT count(*) FROM "t" AS t0')
  })
})

describe('a fragment', () => {
  test('quotes names and keeps values out of the text', () => {
    const fragment = sql`SELECT ${identifier('a"; DROP TABLE t; --')} WHERE x = ${slotValue(7)}`
    assert.deepEqual(
      renderSql(fragment, (n) => `$${n}`),
      {
        text: 'SELECT "a""; DROP TABLE t; --" WHERE x = $1',
        slots: [7],
      },
    )
  })
})
