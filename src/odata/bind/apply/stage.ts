// The stages of `$apply`: queries that read each other's rows, and one that is still open.
import type { ODataExpression } from '../../ast.ts'
import type { EntityType, Model, Property } from '../../edm/model.ts'
import type { EdmType } from '../../edm/types.ts'
import type { BoundExpression, BoundOrderItem, BoundOutput, Instance } from '../bound.ts'
import { zoneFacets } from '../zones.ts'
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
  /** Whether the rows are no entities any more. */
  readonly isAggregated: boolean
}

export type Start = {
  readonly model: Model
  readonly row: Row
  readonly budget: Budget
  readonly aliases: ReadonlyMap<string, ODataExpression>
}

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
  readonly isAggregated: boolean
}

export const target = '$apply'

/** Tells equal rows of several sequences apart; no client sees it. */
export const sequence = '$sequence'

export const scopeOf = ({ start, row, computed }: Open): Scope => ({
  ...start,
  target,
  here: row,
  it: row,
  variables: new Map(),
  computed,
})

export const propertyOf = (name: string, type: EdmType | 'null'): Property => ({
  name,
  type: type === 'null' ? 'Edm.String' : type,
  nullable: true,
  maxLength: undefined,
  precision: undefined,
  scale: undefined,
  column: '',
})

export const computedOutput = (name: string, expression: BoundExpression): BoundOutput => ({
  property: { ...propertyOf(name, expression.type), ...zoneFacets(expression) },
  expression,
})

/** All that a row has so far. */
export const everything = ({ row, computed }: Open): readonly BoundOutput[] => [
  ...[...row.type.properties.values()].map((property) => ({
    property,
    expression: { kind: 'property', instance: row, property, type: property.type } as const,
  })),
  ...[...computed].map(([name, expression]) => computedOutput(name, expression)),
]

const conjunction = (conditions: readonly BoundExpression[]): BoundExpression | undefined =>
  conditions.length > 1 ? { kind: 'and', operands: conditions, type: 'Edm.Boolean' } : conditions[0]

export const stageOf = (
  { from, row, filters, order, limit, offset }: Open,
  outputs: readonly BoundOutput[],
  groupBy?: readonly BoundExpression[],
): BoundStage => ({
  from,
  row,
  filter: conjunction(filters),
  groupBy,
  outputs,
  order,
  limit,
  offset,
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
  isAggregated: boolean,
): Open => ({
  start,
  from,
  row: rowOf(type, start.budget),
  computed: new Map(),
  filters: [],
  order: [],
  limit: undefined,
  offset: undefined,
  isAggregated,
})

/** Closes the query; the next one reads its rows. They stay entities. */
export const closed = (open: Open): Open => {
  const outputs = everything(open)
  const type = typeOf(open.row.type, outputs, open.isAggregated ? keyNames(open) : undefined)
  return opened(open.start, [stageOf(open, outputs)], type, open.isAggregated)
}

export const keyNames = ({ row }: Open): readonly string[] => row.type.key.map(({ name }) => name)

/** Where rows were left out already, what follows must not look at those. */
export const beforeFilter = (open: Open): Open =>
  open.limit === undefined && open.offset === undefined ? open : closed(open)

export const filtered = (open: Open, condition: BoundExpression): Open => ({
  ...open,
  filters: [...open.filters, condition],
})
