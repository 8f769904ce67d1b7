import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import type { ColumnShape, TableShape } from '#odata/edm/tables.ts'
import type { EdmType } from '#odata/edm/types.ts'
import { planOfUrl } from '#test/support/plans.ts'
import { expressionText, valueText } from './expression.ts'
import { createNames } from './names.ts'
import { countedTree, planTree } from './tree.ts'

const column = (name: string, type: EdmType): ColumnShape => ({
  name,
  declaredType: '',
  type,
  length: undefined,
  scale: undefined,
  nullable: name !== 'id',
})
const table = (name: string, more: Partial<TableShape> = {}): TableShape => ({
  name,
  columns: [
    column('id', 'Edm.Int32'),
    column('t', 'Edm.String'),
    column('n', 'Edm.Int32'),
    column('at', 'Edm.DateTimeOffset'),
    column('bin', 'Edm.Binary'),
    column('kind', 'Edm.Int32'),
  ],
  primaryKey: ['id'],
  foreignKeys: [],
  ...more,
})
const item = table('Item', {
  foreignKeys: [{ columns: ['kind'], table: 'Kind', referencedColumns: ['id'] }],
})

const modelOf = (columns: Record<string, { alias: string }>, ODataAlias?: string) =>
  modelFromTables([table('Kind'), item], {
    namespace: 'x',
    nameCase: 'Default',
    schemaMap: {
      tables: {
        Item: {
          columns,
          ...(ODataAlias === undefined ? {} : { ODataAlias, ODataPluralAlias: `${ODataAlias}s` }),
        },
      },
    },
  })
const model = modelOf({})

const told = (url: string, of = model) => {
  const plan = planOfUrl(of, url)
  return { plan, words: { names: createNames(of, plan.shape), values: plan.values } }
}
const filterText = (filter: string): string => {
  const { plan, words } = told(`/Items?$filter=${encodeURIComponent(filter)}`)
  assert.ok(plan.shape.filter)
  return expressionText(plan.shape.filter, words)
}

describe('an expression as text', () => {
  for (const [filter, text] of [
    ["n add 1 gt 2 or not (t eq 'it''s')", "((t0.n add 1) gt 2) or (not (t0.t eq 'it''s'))"],
    ['n in (1,2,null)', 't0.n in (1,2,null)'],
    ["case(n gt 0 : 'p',true : t) ne null", "case(t0.n gt 0 : 'p',true : t0.t) ne null"],
    ["cast(n,Edm.String) eq '3'", "cast(t0.n,Edm.String) eq '3'"],
    ['-n lt 0', '(-t0.n) lt 0'],
    ['at gt 2024-02-29T00:00:00Z', 't0.at gt 2024-02-29T00:00:00Z'],
    ["at sub duration'PT1H' lt now()", "(t0.at sub duration'PT3600S') lt now()"],
    ["Kind/t eq 'x'", "t1.t eq 'x'"],
  ] as const)
    test(`says ${filter}`, () => assert.equal(filterText(filter), text))
  test('says which rows a collection has', () => {
    const { plan, words } = told(
      "/Kinds?$filter=Items/any(i:i/Kind/t eq 'x') and Items/$count gt 2",
    )
    assert.ok(plan.shape.filter)
    assert.equal(
      expressionText(plan.shape.filter, words),
      "exists(Items as t1 join Kinds as t3 on t1.kind eq t3.id where (t1.kind eq t0.id) and (t3.t eq 'x')) and (count(Items as t2 where t2.kind eq t0.id) gt 2)",
    )
  })
  test('has bytes as a literal', () =>
    assert.equal(valueText(Buffer.from([0, 255, 16]), 'Edm.Binary'), "binary'AP8Q'"))
  test('cuts what is long', () => {
    assert.equal(filterText(`t eq '${'x'.repeat(500)}'`), `t0.t eq '${'x'.repeat(200)}…'`)
  })
})

describe('a tree', () => {
  test('has the path as joins, the rows as they are shown, and the bounds', () => {
    const { plan, words } = told('/Kinds(5)/Items?$select=t&$orderby=n desc')
    assert.deepEqual(JSON.parse(JSON.stringify(planTree(plan.shape, words))), {
      read: 'Kinds',
      as: 't0',
      joins: [{ read: 'Items', as: 't1', on: 't0.id eq t1.kind', inner: true }],
      filter: 't0.id eq 5',
      show: ['t1.t', 't1.n', 't1.id'],
      orderBy: ['t1.n desc', 't1.id desc'],
    })
    assert.deepEqual(JSON.parse(JSON.stringify(countedTree(plan.shape, words))), {
      read: 'Kinds',
      as: 't0',
      joins: [{ read: 'Items', as: 't1', on: 't0.id eq t1.kind', inner: true }],
      filter: 't0.id eq 5',
    })
  })
  test('has sums up to a row and over all rows in their words', () => {
    const { plan, words } = told('/Items?$apply=toppercent(50,n)/aggregate(n with sum as S)')
    const text = JSON.stringify(planTree(plan.shape, words))
    assert.match(text, /sum\(t\d\.\w+\) up to this row in the order of t\d\.\w+ desc/)
    assert.match(text, /sum\(t\d\.\w+\) over all rows/)
  })
})

describe('names', () => {
  const differ = (of: typeof model, url: string) => told(url, of).words.names.differ
  test('differ where the schema map renames what a query touches, and nowhere else', () => {
    assert.equal(differ(model, '/Items?$filter=n gt 1'), false)
    assert.equal(differ(modelOf({ n: { alias: 'count' } }), '/Items?$select=t'), false)
    assert.equal(
      differ(modelOf({ n: { alias: 'count' } }), '/Items?$select=t&$orderby=count'),
      true,
    )
    assert.equal(differ(modelOf({ n: { alias: 'N' } }), '/Items?$select=N'), false)
    assert.equal(differ(modelOf({}, 'Thing'), '/Things?$select=t'), true)
    // By the way to them alone: the rows of the renamed table are only asked whether there are any.
    assert.equal(differ(modelOf({}, 'Thing'), '/Kinds?$select=t&$filter=Things/any()'), true)
    assert.equal(differ(modelOf({}, 'Thing'), '/Kinds?$select=t'), false)
  })
  test('are those of the model, also of renamed tables and columns', () => {
    const { plan, words } = told(
      '/Things?$select=worth',
      modelOf({ n: { alias: 'worth' } }, 'Thing'),
    )
    const tree = planTree(plan.shape, words)
    assert.deepEqual([tree.read, tree.show?.[0]], ['Things', 't0.worth'])
  })
  test('with characters that a model cannot have are no others', () => {
    const odd = modelFromTables([table('order items')], {
      namespace: 'x',
      nameCase: 'Uppercase',
      schemaMap: undefined,
    })
    const [name] = odd.sets.keys()
    assert.equal(differ(odd, `/${name}`), false)
  })
})
