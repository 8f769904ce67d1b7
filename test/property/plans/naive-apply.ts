// `$apply` over rows in memory (OData Data Aggregation 4.0 section 3).
import type {
  AggregateItem,
  GroupElement,
  GroupPath,
  OrderItem,
  Transformation,
} from '#odata/ast.ts'

import { entityAt, holds, valueIn, type Row, type World } from './naive-rows.ts'
import { computed, cut, refuseTies, sortedBy } from './naive-steps.ts'
import { order, type Plain } from './naive-value.ts'

type Step<K extends Transformation['kind']> = Extract<Transformation, { readonly kind: K }>

const least = (values: readonly Plain[], sign: number): Plain =>
  values.reduce((best, value) => (order(value, best) * sign < 0 ? value : best), values[0] ?? null)

const distinct = <T extends Plain>(values: readonly T[]): readonly T[] => [...new Set(values)]

const sum = (values: readonly Plain[]): Plain => {
  if (values.length === 0) return null
  return values.every((value) => typeof value === 'bigint')
    ? values.reduce((a, b) => a + b, 0n)
    : values.reduce((a: number, b) => a + Number(b), 0)
}

const methods: Record<string, (values: readonly Plain[]) => Plain> = {
  sum,
  min: (values) => least(values, 1),
  max: (values) => least(values, -1),
  average: (values) => (values.length === 0 ? null : Number(sum(values)) / values.length),
  countdistinct: (values) => BigInt(distinct(values).length),
}

/** Each related entity once, however many rows lead to it (section 3.2.1.1); null where there is none. */
const valuesOf = (
  { expression }: AggregateItem,
  rows: readonly Row[],
  world: World,
): readonly Plain[] => {
  if (expression === '$count') return []
  const around = (here: Row) => ({ world, here, variables: new Map<string, Row>() })
  const isPath = expression.kind === 'path' && expression.segments.length > 1
  const entity = (row: Row) =>
    isPath && !row.values.has(namesOf(expression.segments))
      ? entityAt({ ...expression, segments: expression.segments.slice(0, -1) }, around(row))
      : undefined
  const seen = new Set<Row>()
  return rows.flatMap((row) => {
    const owner = entity(row)
    if (owner !== undefined) {
      if (seen.has(owner)) return []
      seen.add(owner)
    }
    const value = valueIn(expression, world, row)
    return value === null ? [] : [value]
  })
}

const namesOf = (segments: readonly { readonly kind: string }[]): string =>
  segments.map((segment) => ('name' in segment ? String(segment.name) : '')).join('/')

const aggregateOf = (item: AggregateItem, rows: readonly Row[], world: World): Plain => {
  if (item.expression === '$count') return BigInt(rows.length)
  const { expression } = item
  const around = (here: Row) => ({ world, here, variables: new Map<string, Row>() })
  const entities = rows.map((row) => entityAt(expression, around(row)))
  if (entities.some((entity) => entity !== undefined))
    return BigInt(new Set(entities.filter((entity) => entity !== undefined)).size)
  const method = methods[item.method ?? '']
  if (method === undefined) throw new TypeError(`The naive evaluator knows no ${item.method}`)
  return method(valuesOf(item, rows, world))
}

const aggregate = (items: readonly AggregateItem[], rows: readonly Row[], world: World) =>
  items.map((item) => [item.alias ?? '', aggregateOf(item, rows, world)] as const)

/** The lists of properties that a list with a rollup stands for (section 3.2.3.2). */
const groupings = (elements: readonly GroupElement[]): readonly (readonly GroupPath[])[] =>
  elements.reduce<readonly (readonly GroupPath[])[]>(
    (lists, element) => {
      if (element.kind === 'rolluprecursive') throw new TypeError('Not offered')
      const prefixes =
        element.kind === 'property'
          ? [[element]]
          : element.levels.map((_, i) => element.levels.slice(0, i + 1))
      return lists.flatMap((list) => prefixes.map((prefix) => [...list, ...prefix]))
    },
    [[]],
  )

const pathOf = ({ path, at }: GroupPath): OrderItem['expression'] => ({
  kind: 'path',
  root: 'here',
  segments: path.map((name) => ({ kind: 'name', name, args: undefined, at })),
  at,
})

const grouped = (
  rows: readonly Row[],
  paths: readonly GroupPath[],
  { inner }: Step<'groupby'>,
  world: World,
): readonly Row[] => {
  const groups = new Map<string, { readonly keys: readonly Plain[]; readonly rows: Row[] }>()
  for (const row of rows) {
    const keys = paths.map((path) => valueIn(pathOf(path), world, row))
    const name = JSON.stringify(keys.map((key) => [typeof key, String(key)]))
    const group = groups.get(name) ?? { keys, rows: [] }
    group.rows.push(row)
    groups.set(name, group)
  }
  const names = paths.map(({ path }) => path.join('/'))
  return [...groups.values()].flatMap((group) => {
    const own = names.map((name, i) => [name, group.keys[i] ?? null] as const)
    const after = inner.length === 0 ? [empty] : transform(group.rows, inner, world)
    return after.map((row) => ({ ...row, values: new Map([...own, ...row.values]) }))
  })
}

const empty: Row = { type: undefined, values: new Map() }

/** Section 3.3.1: rows in the order of the measure, until what is taken is enough. */
const ranked = (
  rows: readonly Row[],
  step: Extract<Transformation, { readonly measure: unknown }>,
  world: World,
): readonly Row[] => {
  const { kind, measure } = step
  const amount = Number(valueIn(step.amount, world, empty))
  const by = [{ expression: measure, descending: kind.startsWith('top') }]
  const sorted = sortedBy(rows, by, world)
  const numbers = sorted.map((row) => Number(valueIn(measure, world, row) ?? 0))
  const total = numbers.reduce((a, b) => a + b, 0)
  const isEnough = (taken: number, count: number): boolean => {
    if (kind.endsWith('count')) return count >= amount
    if (kind.endsWith('sum')) return taken >= amount
    // What is divided by zero is null, as everywhere here, and so never enough.
    return total !== 0 && taken / total >= amount / 100
  }
  let taken = 0
  let count = 0
  while (count < sorted.length && !isEnough(taken, count)) taken += numbers[count++] ?? 0
  refuseTies(sorted, { skip: undefined, top: count }, by, world)
  return sorted.slice(0, count)
}

/** Rows, and the order that they were asked for in, which what cuts them goes by. */
export type State = { readonly rows: readonly Row[]; readonly order: readonly OrderItem[] }

const after = ({ rows, order: by }: State, step: Transformation, world: World): State => {
  const plain = (next: readonly Row[]): State => ({ rows: next, order: [] })
  switch (step.kind) {
    case 'identity':
      return { rows, order: by }
    case 'filter':
      return plain(rows.filter((row) => holds(step.condition, world, row)))
    case 'compute':
      return plain(rows.map((row) => computed(row, step.items, world)))
    case 'orderby':
      return { rows: sortedBy(rows, step.items, world), order: [...step.items, ...by] }
    case 'top':
    case 'skip': {
      const limits =
        step.kind === 'top'
          ? { skip: undefined, top: step.count }
          : { skip: step.count, top: undefined }
      refuseTies(rows, limits, by, world)
      return { rows: cut(rows, limits), order: by }
    }
    case 'aggregate':
      return plain([{ ...empty, values: new Map(aggregate(step.items, rows, world)) }])
    case 'groupby':
      return plain(groupings(step.elements).flatMap((paths) => grouped(rows, paths, step, world)))
    case 'concat':
      return plain(
        united(
          step.branches.map((branch) => transform(rows, branch, world)),
          pathsAfter([step], []),
          world,
        ),
      )
    case 'search':
    case 'join':
    case 'outerjoin':
    case 'other':
      throw new TypeError(`The naive evaluator knows no ${step.kind}`)
    default:
      return plain(ranked(rows, step, world))
  }
}

/**
 * One after the other. Where some were grouped by a member of a related entity, all rows have it (section 3.2.2: entities stay
 * what they are, so their own related entity is looked at); where some are no entities, none is any more.
 */
const united = (
  lists: readonly (readonly Row[])[],
  paths: readonly string[],
  world: World,
): readonly Row[] => {
  const rows = lists.flat()
  if (paths.length === 0) return rows
  return rows.map((row) => {
    if (row.type === undefined) return row
    const more = paths.map((name) => {
      const path = pathOf({ path: name.split('/'), at: 0 })
      return [name, valueIn(path, world, row)] as const
    })
    return { ...row, values: new Map([...more, ...row.values]) }
  })
}

/** Paths of related entities that are members of what comes out. */
const pathsAfter = (
  steps: readonly Transformation[],
  before: readonly string[],
): readonly string[] =>
  steps.reduce<readonly string[]>((paths, step) => {
    if (step.kind === 'aggregate') return []
    if (step.kind === 'groupby')
      return groupings(step.elements)
        .flat()
        .map(({ path }) => path.join('/'))
        .filter((name) => name.includes('/'))
    return step.kind === 'concat'
      ? [...new Set(step.branches.flatMap((branch) => pathsAfter(branch, paths)))]
      : paths
  }, before)

export const runSteps = (
  rows: readonly Row[],
  steps: readonly Transformation[],
  world: World,
): State => steps.reduce<State>((state, step) => after(state, step, world), { rows, order: [] })

const transform = (rows: readonly Row[], steps: readonly Transformation[], world: World) =>
  runSteps(rows, steps, world).rows
