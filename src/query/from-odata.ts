// A bound request as a plan.
import type { BoundStage } from '#odata/bind/apply/stage.ts'
import type { BoundLiteral } from '#odata/bind/bound.ts'
import type { BoundExpand } from '#odata/bind/expand.ts'
import type { BoundQuery } from '#odata/bind/query.ts'
import type { BoundPath } from '#odata/bind/resource.ts'
import type { ExpandLayout, Layout } from '#odata/render/layout.ts'
import { linkKey } from '#odata/render/links.ts'
import { literalValue } from './literal.ts'
import { createPlanner, type Planner } from './planner.ts'
import { correlation, emptyShape, pairsOf } from './plan-rows.ts'
import {
  conjunction,
  typeOf,
  type Column,
  type Expression,
  type Null,
  type Order,
  type ReadPlan,
  type ReadShape,
  type Slot,
  type Value,
} from './plan.ts'

/**
 * Rows of an expanded collection in one answer, by how deep it lies; what follows them has a link of its own. The
 * deeper, the fewer: they multiply, and one row of the answer is held whole (DESIGN invariant 22).
 */
const nestedPageSizes: readonly number[] = [100, 50, 20]
const smallestNestedPage = 10

export const nestedPageSize = (depth: number): number =>
  nestedPageSizes[depth] ?? smallestNestedPage

/** The column that an item of an order is, if it is no more than that. */
const columnOf = ({ expression }: Order): Column | undefined => {
  const inner = expression.kind === 'stamp' ? expression.operand : expression
  return inner.kind === 'column' ? inner : undefined
}

/** The asked order, completed by the key in the direction of the last item, which suits an index best. */
const orderOf = ({ row, orderBy }: BoundQuery, planner: Planner): readonly Order[] => {
  const order = orderBy.map(({ expression, descending }) => ({
    expression: planner.expression(expression),
    descending,
  }))
  const named = new Set(
    order.map((item) => {
      const column = columnOf(item)
      return column?.row === row.id ? column.name : undefined
    }),
  )
  const descending = order.at(-1)?.descending ?? false
  const rest = row.type.key.filter(({ column }) => !named.has(column))
  return [
    ...order,
    ...rest.map((property) => ({ expression: planner.operand(row.id, property), descending })),
  ]
}

const isSame = (a: Expression, b: Expression): boolean =>
  a.kind === 'column' && b.kind === 'column' && a.row === b.row && a.name === b.name

/** The cell of an expression, which is added where no cell has it. */
const placeIn = (outputs: Expression[], expression: Expression): number => {
  const at = outputs.findIndex((output) => isSame(output, expression))
  return at === -1 ? outputs.push(expression) - 1 : at
}

type Selected = { readonly outputs: Expression[]; readonly layout: Layout }

/** Whose keys are wanted for their own sake: those of the rows, or also those of all that is expanded in them. */
export type KeyedRows = 'own' | 'all'

/** What each row of a query holds: its own members, expanded rows, and what links need. */
const select = (
  query: BoundQuery,
  order: readonly Order[],
  planner: Planner,
  { depth, keyed }: { readonly depth: number; readonly keyed: KeyedRows | undefined },
): Selected => {
  const { row, set } = query
  const outputs = query.outputs.map(({ expression }) => planner.output(expression))
  const expands = query.expands.map((expand) =>
    placeExpand(expand, outputs, planner, { depth, keyed }),
  )
  const needsKey =
    keyed !== undefined || query.expands.some(({ navigation }) => navigation.collection)
  const keyAt = needsKey
    ? linkKey(set).map((property) => placeIn(outputs, planner.column(row.id, property)))
    : []
  const orderAt = order.map(({ expression }) => placeIn(outputs, expression))
  const layout: Layout = {
    query,
    properties: query.outputs.map(({ property }) => property),
    expands,
    orderAt,
    namedAt: linkKey(set).flatMap(({ column }) => {
      const at = order.findIndex((item) => columnOf(item)?.name === column)
      return orderAt[at] ?? []
    }),
    keyAt,
  }
  return { outputs, layout }
}

/** Entities of an expanded property: those that belong to the row, and which of them are wanted. */
const nestedShape = ({ from, navigation, query }: BoundExpand, planner: Planner): ReadShape => {
  const { row } = query
  if (from.kind !== 'row') throw new TypeError('Expansion of a row that is not read')
  const { joins } = planner.open(row.id)
  const on = pairsOf(navigation, { row: from.id, type: from.type }, { row: row.id, type: row.type })
  const filter = query.filter && planner.expression(query.filter)
  const shape = emptyShape(row.id, row.type.table)
  return { ...shape, joins, filter: conjunction([...correlation(on), filter]) }
}

const placeExpand = (
  expand: BoundExpand,
  outputs: Expression[],
  planner: Planner,
  { depth, keyed }: { readonly depth: number; readonly keyed: KeyedRows | undefined },
): ExpandLayout => {
  const { query, navigation, what } = expand
  const { top, skip, count } = query.options
  const counted = what === 'count' || count
  const countAt = counted
    ? outputs.push({ kind: 'count', query: nestedShape(expand, planner) }) - 1
    : undefined
  const shape = nestedShape(expand, planner)
  const order = navigation.collection ? orderOf(query, planner) : []
  const { outputs: nested, layout } = select(query, order, planner, {
    depth: depth + 1,
    keyed: keyed === 'all' ? keyed : what === 'ref' ? 'own' : undefined,
  })
  const most = nestedPageSize(depth)
  const size = navigation.collection ? Math.min(top ?? Infinity, most) : 1
  if (what === 'count') return { expand, at: undefined, countAt, layout, size }
  const ends = top !== undefined && top <= most
  const limit = !navigation.collection ? undefined : ends ? size : size + 1
  const rows: ReadShape = {
    ...shape,
    outputs: nested,
    order,
    limit: planner.integer(limit),
    offset: planner.integer(skip === 0 ? undefined : skip),
  }
  return { expand, at: outputs.push({ kind: 'rows', query: rows }) - 1, countAt, layout, size }
}

export type PageRequest = {
  /** Rows to fetch. */
  readonly limit: number | undefined
  readonly offset: number | undefined
  /** Order values of the row that the page follows. */
  readonly after: readonly Value[] | undefined
  readonly keyed?: KeyedRows | undefined
  /** The time of the request, in GMT: what `now()` is beside stamps without a zone. */
  readonly now?: string | undefined
}

export type CollectionPlan = ReadPlan & {
  readonly layout: Layout
  /** Whether it holds for this moment alone. */
  readonly isDated: boolean
}

/** The rows that a path leads to; the values of its key, if it has one, take the first slots. */
const shapeOfPath = ({ base, steps, conditions }: BoundPath, planner: Planner): ReadShape => {
  const level = planner.open(base.id)
  for (const { from, navigation, row } of steps) {
    const on = pairsOf(
      navigation,
      { row: from.id, type: from.type },
      { row: row.id, type: row.type },
    )
    level.joins.push({ row: row.id, table: row.type.table, on, inner: true })
    planner.include(row.id, level)
  }
  const filter = conjunction(conditions.map((bound) => planner.expression(bound)))
  return { ...emptyShape(base.id, base.type.table), joins: level.joins, filter }
}

const afterOf = (
  order: readonly Order[],
  after: readonly Value[] | undefined,
  planner: Planner,
): readonly (Slot | Null)[] | undefined =>
  after?.map((value, i) => {
    const expression = order[i]?.expression
    const type = expression && typeOf(expression)
    return value === null ? { kind: 'null' } : planner.slot(value, type ?? 'Edm.String')
  })

/** A stage of `$apply` as a query; its columns are those of its outputs. */
const shapeOfStage = (stage: BoundStage, path: BoundPath, planner: Planner): ReadShape => {
  const { from, row } = stage
  const base =
    from === 'path' ? shapeOfPath(path, planner) : shapeOfStages(from, row.id, path, planner)
  const filter = stage.filter && planner.expression(stage.filter)
  return {
    ...base,
    filter: conjunction([base.filter, filter]),
    groupBy: stage.groupBy?.map((expression) => planner.group(expression)),
    outputs: stage.outputs.map(({ expression }) =>
      stage.groupBy === undefined ? planner.output(expression) : planner.group(expression),
    ),
    order: stage.order.map(({ expression, descending }) => ({
      expression: planner.expression(expression),
      descending,
    })),
    limit: planner.integer(stage.limit),
    offset: planner.integer(stage.offset),
  }
}

const shapeOfStages = (
  stages: readonly BoundStage[],
  row: number,
  path: BoundPath,
  planner: Planner,
): ReadShape => {
  const queries = stages.map((stage) => shapeOfStage(stage, path, planner))
  const { joins } = planner.open(row)
  return { ...emptyShape(row, ''), from: { kind: 'queries', row, queries }, joins }
}

/** The rows that a query begins from. */
const shapeOfSource = (path: BoundPath, { pipeline, row }: BoundQuery, planner: Planner) =>
  pipeline === undefined
    ? shapeOfPath(path, planner)
    : shapeOfStages(pipeline.stages, row.id, path, planner)

/** The plan of a collection read. Throws `ODataError` for literals that cannot be compared exactly. */
export const planCollection = (
  path: BoundPath,
  query: BoundQuery,
  rows: number,
  page: PageRequest,
): CollectionPlan => {
  const planner = createPlanner(rows, page.now)
  const shape = shapeOfSource(path, query, planner)
  const own = query.filter && planner.expression(query.filter)
  const order = orderOf(query, planner)
  const { outputs, layout } = select(query, order, planner, {
    depth: 0,
    keyed: page.keyed,
  })
  const whole: ReadShape = {
    ...shape,
    outputs,
    filter: conjunction([shape.filter, own]),
    order,
    after: afterOf(order, page.after, planner),
    limit: planner.integer(page.limit),
    offset: planner.integer(page.offset),
  }
  return { shape: whole, values: planner.values, layout, isDated: planner.isDated() }
}

/** The plan that reads one entity; where the path is `Set(key)`, slot i has the value of key property i. */
export const planEntity = (
  path: BoundPath,
  query: BoundQuery,
  rows: number,
  { keyed, now }: Pick<PageRequest, 'keyed' | 'now'> = {},
): CollectionPlan => {
  const planner = createPlanner(rows, now)
  const shape = shapeOfPath(path, planner)
  const { outputs, layout } = select(query, [], planner, { depth: 0, keyed })
  const isDated = planner.isDated()
  return { shape: { ...shape, outputs }, values: planner.values, layout, isDated }
}

/** The values of the slots that a key takes. */
export const keyValues = (key: readonly BoundLiteral[]): readonly Value[] => key.map(literalValue)
