// The options of a request over rows in memory, one after the other.
import type { ExpandItem, OrderItem, QueryOptions } from '#odata/ast.ts'
import type { Property } from '#odata/edm/model.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { noOptions } from '#odata/no-options.ts'
import { runSteps, type State } from './naive-apply.ts'
import { holds, related, type Row, type World } from './naive-rows.ts'
import { computed, cut, isTie, refuseTies, sortedBy } from './naive-steps.ts'
import type { Plain } from './naive-value.ts'

/** A row of an answer: members, expanded rows, and how many there are. */
export type Answer = { readonly [name: string]: Plain | Answer | null | readonly Answer[] }

const byKey = (key: readonly Property[], descending: boolean): readonly OrderItem[] =>
  key.map(({ name }) => ({
    expression: {
      kind: 'path',
      root: 'here',
      segments: [{ kind: 'name', name, args: undefined, at: 0 }],
      at: 0,
    },
    descending,
  }))

type Chosen = { readonly rows: readonly Row[]; readonly total: number }

/** `$compute`, `$filter` and `$orderby`: all rows, before `$skip` and `$top`. */
const choose = (all: readonly Row[], options: QueryOptions, world: World): readonly Row[] => {
  const { compute, filter, orderBy = [] } = options
  const kept = all
    .map((row) => computed(row, compute, world))
    .filter((row) => filter === undefined || holds(filter, world, row))
  // The order that docs and tests of the product promise: completed by the key, in the direction of the last item.
  const key = all[0]?.type?.key ?? []
  const rest = byKey(key, orderBy.at(-1)?.descending ?? false)
  return sortedBy(kept, [...orderBy, ...rest], world)
}

const isSelected = ({ select }: QueryOptions, name: string): boolean =>
  select === undefined || select.some(({ path }) => path.join('/') === name || path[0] === '*')

/** The options one level down: the same, one level less, as long as it leads to its own type (URL 5.1.2.1.1). */
const nextLevel = (item: ExpandItem, options: QueryOptions, isOwn: boolean): QueryOptions => {
  const { levels } = options
  const left = levels === 'max' ? 6 : (levels ?? 1)
  if (!isOwn || left <= 1) return { ...options, levels: undefined }
  const again = { ...item, options: { ...options, levels: left - 1 } }
  return { ...options, levels: undefined, expand: [...(options.expand ?? []), again] }
}

const expanded = (row: Row, item: ExpandItem, world: World): Answer => {
  const [name = ''] = item.path
  const navigation = row.type?.navigations.get(name)
  if (navigation === undefined) throw new TypeError(`The naive evaluator finds no ${name}`)
  const isOwn = navigation.target === row.type?.name
  const options = nextLevel(item, item.options ?? noOptions, isOwn)
  const { rows, total } = chosen(related(world, row, navigation), options, world)
  if (item.suffix === 'count') return { [`${name}@odata.count`]: BigInt(total) }
  const answers = rows.map((each) => answerOf(each, options, world))
  if (!navigation.collection) return { [name]: answers[0] ?? null }
  return {
    ...(options.count ? { [`${name}@odata.count`]: BigInt(total) } : {}),
    [name]: answers,
  }
}

const answerOf = (row: Row, options: QueryOptions, world: World): Answer => {
  const own = [...row.values].filter(([name]) => isSelected(options, name))
  const inner = (options.expand ?? []).map((item) => expanded(row, item, world))
  return Object.assign({}, Object.fromEntries(own), ...inner) as Answer
}

const chosen = (all: readonly Row[], options: QueryOptions, world: World): Chosen => {
  const rows = choose(all, options, world)
  return { rows: cut(rows, options), total: rows.length }
}

export type Wanted = {
  readonly rows: readonly Answer[]
  /** `undefined` where nobody asked. */
  readonly total: number | undefined
  /** Whether the rows come in this very order. */
  readonly isOrdered: boolean
}

/** What a request for a set is to answer. Throws `Ambiguous`. */
export const evaluateRequest = (url: string, world: World): Wanted => {
  const [path = '', query = ''] = url.split('?')
  const set = world.model.sets.get(path.slice(1))
  if (set === undefined) throw new TypeError(`There is no ${path}`)
  const options = parseQueryOptions(query)
  const all = world.rowsOf(set.type)
  if (options.apply === undefined) {
    const { rows, total } = chosen(all, options, world)
    return {
      rows: rows.map((row) => answerOf(row, options, world)),
      total: options.count ? total : undefined,
      isOrdered: true,
    }
  }
  return evaluateApplied(runSteps(all, options.apply, world), options, world)
}

const evaluateApplied = (made: State, options: QueryOptions, world: World): Wanted => {
  const { filter, orderBy = [] } = options
  const kept = made.rows.filter((row) => filter === undefined || holds(filter, world, row))
  const items = [...orderBy, ...made.order]
  const sorted = sortedBy(kept, items, world)
  refuseTies(sorted, options, items, world)
  const rows = cut(sorted, options)
  return {
    rows: rows.map((row) => answerOf(row, options, world)),
    total: options.count ? kept.length : undefined,
    isOrdered: rows.every((row, i) => i === 0 || !isTie(rows[i - 1] ?? row, row, items, world)),
  }
}
