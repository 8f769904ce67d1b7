// The stages of `$apply`: queries that read each other's rows, and one that is still open.
import type { ODataExpression } from '../../ast.ts'
import type { EntityType, Model, Property } from '../../edm/model.ts'
import type { BoundExpression, BoundOrderItem, BoundOutput, Instance } from '../bound.ts'
import { computedOutput, conjunction } from '../outputs.ts'
import { rowOf, type Budget, type Scope } from '../scope.ts'

export type Row = Extract<Instance, { readonly kind: 'row' }>

/** One query: which rows of what comes before it, what of them, in which order. */
export type BoundStage = {
  /** What it reads: the entities of the path, or the rows of other stages one after the other. */
  readonly from: 'path' | readonly BoundStage[]
  readonly row: Row
  readonly filter: BoundExpression | undefined
  readonly groupBy: readonly BoundExpression[] | undefined
  readonly outputs: readonly BoundOutput[]
  readonly order: readonly BoundOrderItem[]
  readonly limit: number | undefined
  readonly offset: number | undefined
}

export type BoundPipeline = {
  readonly stages: readonly BoundStage[]
  /** A row of what comes out. */
  readonly row: Row
  /** How the rows are ordered, as far as they were asked to be. */
  readonly order: readonly BoundOrderItem[]
  /** Whether the rows are no entities any more, or have more than those: members of related entities, by their path. */
  readonly isAggregated: boolean
}

export type Start = {
  readonly model: Model
  readonly row: Row
  readonly budget: Budget
  readonly aliases: ReadonlyMap<string, ODataExpression>
}

/** Which rows are entities still: all, none, or of sequences that were put together those that are so in theirs. */
export type Entities =
  | 'all'
  | 'none'
  | { readonly sequence: `$${string}`; readonly among: readonly Entities[] }

/** A query that is still open: more may be asked of its rows before it is closed. */
export type Open = {
  readonly start: Start
  readonly from: BoundStage['from']
  readonly row: Row
  readonly computed: ReadonlyMap<string, BoundExpression>
  readonly filters: readonly BoundExpression[]
  readonly order: readonly BoundOrderItem[]
  readonly limit: number | undefined
  readonly offset: number | undefined
  readonly entities: Entities
}

export const target = '$apply'

/** What names begin with that no client can write, and none sees. */
const isHidden = (name: string): boolean => name.startsWith('$')

/** Columns that tell equal rows of several sequences apart; there is one for each `concat` around the other. */
export const isSequence = (name: string): boolean => name.startsWith('$sequence')

export const scopeOf = ({ start, row, computed }: Open): Scope => ({
  ...start,
  target,
  here: row,
  it: row,
  variables: new Map(),
  computed,
})

/** All that a row has so far. What a step computed for the next one alone ends there. */
export const everything = ({ row, computed }: Open): readonly BoundOutput[] => [
  ...[...row.type.properties.values()]
    .filter(({ name }) => !isHidden(name) || isSequence(name))
    .map((property) => ({
      property,
      expression: { kind: 'property', instance: row, property, type: property.type } as const,
    })),
  ...[...computed].map(([name, expression]) => computedOutput(name, expression)),
]

/** Where rows are left out, every request leaves out the same ones: the key decides between equals (section 3.3). */
const orderOf = ({ row, order, limit, offset }: Open): readonly BoundOrderItem[] =>
  limit === undefined && offset === undefined ? [] : [...order, ...byKey(row)]

/** The order that no two rows are equal in. */
export const byKey = (row: Row): readonly BoundOrderItem[] =>
  row.type.key.map((property) => ({
    expression: { kind: 'property', instance: row, property, type: property.type },
    descending: false,
  }))

export const stageOf = (
  open: Open,
  outputs: readonly BoundOutput[],
  groupBy?: readonly BoundExpression[],
): BoundStage => ({
  from: open.from,
  row: open.row,
  filter: conjunction(open.filters),
  groupBy,
  outputs,
  order: orderOf(open),
  limit: open.limit,
  offset: open.offset,
})

/** The type of what a stage gives: its outputs, whose columns are numbered. */
export const typeOf = (
  before: EntityType,
  outputs: readonly BoundOutput[],
  key: readonly string[] | undefined,
): EntityType => {
  const properties = new Map(
    outputs.map(({ property }, i): [string, Property] => [
      property.name,
      { ...property, column: `c${i}`, ...(property.opaque === 'list' ? { opaque: 'text' } : {}) },
    ]),
  )
  const names = key ?? before.key.map(({ name }) => name)
  return {
    name: before.name,
    table: '',
    key: names.flatMap((name) => properties.get(name) ?? []),
    properties,
    navigations: key === undefined ? before.navigations : new Map(),
    search: undefined,
  }
}

export const opened = (
  start: Start,
  from: BoundStage['from'],
  type: EntityType,
  entities: Entities,
): Open => ({
  start,
  from,
  row: rowOf(type, start.budget),
  computed: new Map(),
  filters: [],
  order: [],
  limit: undefined,
  offset: undefined,
  entities,
})

/** The order of a query as columns that the next one can go by. */
export const orderOutputs = (
  { order }: Open,
  name: (i: number) => `$${string}`,
): readonly BoundOutput[] => order.map(({ expression }, i) => computedOutput(name(i), expression))

/** The order by columns that rows have, in the directions of another one. */
export const orderBy = (
  row: Row,
  order: readonly BoundOrderItem[],
  name: (i: number) => `$${string}`,
): readonly BoundOrderItem[] =>
  order.map(({ descending }, i) => ({ expression: hidden(row, name(i)), descending }))

/** A property of the rows by its name. */
export const named = (row: Row, name: string): BoundExpression => {
  const property = row.type.properties.get(name)
  if (property === undefined) throw new TypeError(`There is no '${name}'`)
  return { kind: 'property', instance: row, property, type: property.type }
}

/** A property of the rows by a name that no client can write. */
export const hidden = (row: Row, name: `$${string}`): BoundExpression => named(row, name)

/** Closes the query; the next one reads its rows, which may have more than before. They stay entities, in their order. */
export const closed = (open: Open, more: readonly BoundOutput[] = []): Open => {
  const name = (i: number) => `$order${i}` as const
  const outputs = [...everything(open), ...more, ...orderOutputs(open, name)]
  const type = typeOf(open.row.type, outputs, open.entities === 'all' ? undefined : keyNames(open))
  const next = opened(open.start, [stageOf(open, outputs)], type, open.entities)
  return { ...next, order: orderBy(next.row, open.order, name) }
}

export const keyNames = ({ row }: Open): readonly string[] => row.type.key.map(({ name }) => name)

/** Where rows were left out already, what follows must not look at those. */
export const beforeFilter = (open: Open): Open =>
  open.limit === undefined && open.offset === undefined ? open : closed(open)

export const filtered = (open: Open, condition: BoundExpression): Open => ({
  ...open,
  filters: [...open.filters, condition],
})
