// `$apply` against the model (OData Data Aggregation 4.0 section 3): a chain of stages, each of which reads what the one
// before it gives.
import {
  rankings,
  type AggregateItem,
  type ComputeItem,
  type GroupPath,
  type Ranking,
  type Transformation,
} from '../../ast.ts'
import { badRequest, notSupported } from '../../errors.ts'
import { bindCondition, bindExpression } from '../expression.ts'
import { bindOrderItem } from '../order-by.ts'
import { bindSearch } from '../search.ts'
import {
  aggregated,
  aggregateStep,
  bindAggregate,
  groupingOutput,
  groupings,
  requireNames,
} from './aggregate.ts'
import { united } from './concat.ts'
import { rankStep } from './ranking.ts'
import {
  beforeFilter,
  closed,
  filtered,
  opened,
  scopeOf,
  target,
  type BoundPipeline,
  type Open,
  type Start,
} from './stage.ts'

const computeStep = (open: Open, items: readonly ComputeItem[]): Open => {
  const computed = new Map(open.computed)
  for (const { expression, alias, at } of items) {
    if (computed.has(alias) || open.row.type.properties.has(alias))
      throw badRequest(`'${alias}' is the name of a property already`, { target, position: at })
    computed.set(alias, bindExpression(expression, scopeOf({ ...open, computed })))
  }
  return { ...open, computed }
}

type Step<K extends Transformation['kind']> = Extract<Transformation, { readonly kind: K }>

const isRanking = (step: Transformation): step is Step<Ranking> =>
  rankings.some((kind) => kind === step.kind)

/** What works on each row for itself, and so on the rows of all groups at once. */
const perRow: ReadonlySet<string> = new Set(['filter', 'compute', 'identity'])

const eachRow = (open: Open, steps: readonly Transformation[]): Open => {
  const wrong = steps.find(({ kind }) => !perRow.has(kind))
  if (wrong !== undefined)
    throw notSupported(`'${wrong.kind}' inside groupby`, { target, position: wrong.at })
  return continued(open, steps)
}

const aggregatedBy = (
  open: Open,
  paths: readonly GroupPath[],
  items: readonly AggregateItem[],
  at: number,
): Open => {
  const keys = paths.map((path) => groupingOutput(path, open))
  const outputs = [...keys, ...items.map((item) => bindAggregate(item, open))]
  requireNames(outputs, at)
  const names = keys.map(({ property }) => property.name)
  const groupBy = keys.map(({ expression }) => expression)
  return aggregated(open, outputs, groupBy, names)
}

/** The rows of each group that its rankings take; they have all that they are grouped by (section 3.2.3.3). */
const rankedBy = (
  open: Open,
  paths: readonly GroupPath[],
  steps: readonly Step<Ranking>[],
  at: number,
): Open => {
  const keys = paths.map((path) => groupingOutput(path, open))
  requireNames(keys, at)
  const known = open.row.type.properties
  const more = keys.filter(({ property }) => !known.has(property.name))
  const names = keys.map(({ property }) => property.name)
  const start = more.length === 0 ? open : closed(open, more)
  return steps.reduce((ranked, step) => rankStep(ranked, step, names), start)
}

const groupOnce = (
  before: readonly Transformation[],
  paths: readonly GroupPath[],
  { inner, elements, at }: Step<'groupby'>,
  start: Start,
): Open => {
  const ready = beforeFilter(run(before, start))
  // What is computed is a column before it is grouped by: said twice, its literals would make two expressions of it.
  const open = ready.computed.size > 0 ? closed(ready) : ready
  const other = inner.findIndex((step) => !isRanking(step))
  const ranks = inner.slice(0, other === -1 ? undefined : other).filter(isRanking)
  const [first, ...rest] = inner.slice(ranks.length)
  const [rank] = ranks
  if (rank !== undefined && elements.some(({ kind }) => kind === 'rollup'))
    throw notSupported(`'${rank.kind}' inside groupby with rollup`, { target, position: rank.at })
  const ranked = rank === undefined ? open : rankedBy(open, paths, ranks, at)
  if (first?.kind === 'aggregate')
    return eachRow(aggregatedBy(ranked, paths, first.items, at), rest)
  if (rank !== undefined) return eachRow(ranked, inner.slice(ranks.length))
  if (first !== undefined)
    throw notSupported(`'${first.kind}' first inside groupby`, { target, position: first.at })
  return aggregatedBy(open, paths, [], at)
}

const limited = (open: Open, { kind, count }: Step<'top' | 'skip'>): Open => {
  if (kind === 'top') {
    const ready = open.limit === undefined ? open : closed(open)
    return { ...ready, limit: count }
  }
  return { ...beforeFilter(open), offset: count }
}

const take = (open: Open, step: Transformation): Open => {
  switch (step.kind) {
    case 'identity':
      return open
    case 'filter': {
      const ready = beforeFilter(open)
      return filtered(ready, bindCondition(step.condition, scopeOf(ready)))
    }
    case 'search': {
      const ready = beforeFilter(open)
      return filtered(ready, bindSearch(step.search, scopeOf(ready)))
    }
    case 'compute':
      return computeStep(open, step.items)
    case 'orderby': {
      const ready = beforeFilter(open)
      const items = step.items.map((item) => bindOrderItem(item, scopeOf(ready)))
      return { ...ready, order: [...items, ...ready.order] }
    }
    case 'top':
    case 'skip':
      return limited(open, step)
    case 'aggregate':
      return aggregateStep(beforeFilter(open), step.items, step.at)
    case 'join':
    case 'outerjoin':
      throw notSupported(step.kind, { target, position: step.at })
    case 'other':
      throw notSupported(`the transformation '${step.name}'`, { target, position: step.at })
    case 'concat':
    case 'groupby':
      throw new TypeError(`'${step.kind}' is taken with what comes before it`)
    default:
      return rankStep(open, step)
  }
}

const continued = (open: Open, steps: readonly Transformation[]): Open => steps.reduce(take, open)

/** Sequences and groupings begin anew from the entities, so that no two queries share a row. */
const run = (steps: readonly Transformation[], start: Start): Open => {
  const at = steps.findLastIndex(({ kind }) => kind === 'concat' || kind === 'groupby')
  const step = steps[at]
  const before = steps.slice(0, Math.max(at, 0))
  const after = steps.slice(at + 1)
  if (step?.kind === 'concat') {
    const opens = step.branches.map((branch) => run([...before, ...branch], start))
    return continued(united(opens, start), after)
  }
  if (step?.kind === 'groupby') {
    const opens = groupings(step.elements).map((paths) => groupOnce(before, paths, step, start))
    const [only] = opens
    const whole = opens.length === 1 && only !== undefined ? only : united(opens, start)
    return continued(whole, after)
  }
  const open: Open = { ...opened(start, 'path', start.row.type, 'all'), row: start.row }
  return continued(open, steps)
}

/** Queries that a chain may stand for; concat in concat multiplies them. */
const mostBranches = 64

const branchesOf = (steps: readonly Transformation[]): number =>
  steps.reduce((count, step) => {
    if (step.kind === 'concat')
      return count * step.branches.reduce((sum, branch) => sum + branchesOf(branch), 0)
    return step.kind === 'groupby'
      ? count * step.elements.reduce((n, e) => n * (e.kind === 'rollup' ? e.levels.length : 1), 1)
      : count
  }, 1)

/** Binds a chain of transformations. Throws `ODataError`: 400 for what is wrong, 501 for what is not offered. */
export const bindApply = (steps: readonly Transformation[], start: Start): BoundPipeline => {
  if (branchesOf(steps) > mostBranches)
    throw badRequest(`$apply stands for more than ${mostBranches} queries; simplify it.`, {
      target,
    })
  const last = closed(run(steps, start))
  if (last.from === 'path') throw new TypeError('A pipeline without a stage')
  const { from: stages, row, order, entities } = last
  const isMore = [...row.type.properties.keys()].some((name) => name.includes('/'))
  return { stages, row, order, isAggregated: entities !== 'all' || isMore }
}
