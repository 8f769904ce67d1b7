import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyRest } from './evaluate.ts'
import type { Expression, ReadPlan, Row } from './plan.ts'
import { splitPlan } from './split.ts'

const id: Expression = { kind: 'column', row: 0, name: 'id', type: 'Edm.Int32', nullable: false }
const name: Expression = {
  kind: 'column',
  row: 0,
  name: 'name',
  type: 'Edm.String',
  nullable: true,
}
const slot = (index: number): Expression => ({ kind: 'slot', index, type: 'Edm.String' })
const over: Expression = { kind: 'compare', operator: 'gt', left: id, right: slot(0) }
const has: Expression = {
  kind: 'call',
  name: 'contains',
  args: [name, slot(1)],
  type: 'Edm.Boolean',
}
const limit = { kind: 'slot', index: 2, type: 'Edm.Int64' } as const

const plan: ReadPlan = {
  shape: {
    from: { kind: 'table', row: 0, table: 't' },
    joins: [],
    groupBy: undefined,
    outputs: [id],
    filter: { kind: 'and', operands: [over, has] },
    order: [{ expression: id, descending: false }],
    after: undefined,
    limit,
    offset: undefined,
  },
  values: [1n, 'a', 2n],
}

test('a plan is pushed whole when the source can do everything', () => {
  const { pushed, rest } = splitPlan(plan, { filter: true, functions: new Set(['contains']) })
  assert.equal(pushed, plan)
  assert.equal(rest, undefined)
})

test('a plan is pushed without its limit when a part of the filter stays here', async () => {
  const { pushed, rest } = splitPlan(plan, { filter: true, functions: new Set() })
  assert.equal(pushed.shape.filter, over)
  assert.equal(pushed.shape.limit, undefined)
  assert.deepEqual(pushed.shape.outputs, [id, name])
  assert.ok(rest)
  const batches = async function* (): AsyncGenerator<readonly Row[]> {
    yield [
      [2, 'bad'],
      [3, 'x'],
      [4, null],
    ]
    yield [[5, 'a']]
    yield [[6, 'a']]
    assert.fail('rows beyond the limit were fetched')
  }
  const found: Row[] = []
  for await (const batch of applyRest(batches(), rest, plan.values)) found.push(...batch)
  assert.deepEqual(found, [[2], [5]])
})

test('a plan keeps its whole filter here when the source filters nothing', () => {
  const { pushed } = splitPlan(plan, { filter: false, functions: new Set() })
  assert.equal(pushed.shape.filter, undefined)
})

test('a plan is refused when a part of the filter can be evaluated neither there nor here', () => {
  const now: Expression = { kind: 'call', name: 'now', args: [], type: 'Edm.DateTimeOffset' }
  const late: Expression = { kind: 'compare', operator: 'gt', left: now, right: slot(0) }
  const shape = { ...plan.shape, filter: late }
  assert.throws(() => splitPlan({ ...plan, shape }, { filter: true, functions: new Set() }), {
    kind: 'not-implemented',
  })
})
