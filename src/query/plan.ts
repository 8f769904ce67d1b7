// What is wanted, neither OData nor SQL. A plan is a shape plus values: every literal is a numbered slot,
// so that a shape can be compiled once and a value can never become text.
import type { ArithmeticOperator, CompareOperator } from '#odata/ast.ts'
import type { EdmType } from '#odata/edm/types.ts'
import type { FunctionName } from '#odata/functions.ts'
import { byKind } from '#lib/by-kind.ts'

/**
 * A value as a source gives and takes it. Integers are number or bigint, Boolean may be 0 and 1, dates and
 * times are ISO text, durations are seconds.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array

export type Slot = { readonly kind: 'slot'; readonly index: number; readonly type: EdmType }

/** A column of a row of the plan; rows are numbered through the whole of it, nested queries included. */
export type Column = {
  readonly kind: 'column'
  readonly row: number
  readonly name: string
  readonly type: EdmType
  readonly nullable: boolean
  /** Whether it holds lists, which are given as one JSON text (`Opaque`); the type is that of a text then. */
  readonly list?: true
}

export type Null = { readonly kind: 'null' }

/** What is made of a stamp that may name a zone of its own (`stampAs`). */
export const stampForms = ['local', 'instant', 'ordered', 'grouped'] as const
export type StampForm = (typeof stampForms)[number]

export const aggregateMethods = ['sum', 'min', 'max', 'average', 'countdistinct', 'count'] as const
export type AggregateMethod = (typeof aggregateMethods)[number]

export type Expression =
  | Column
  | Slot
  | Null
  | {
      readonly kind: 'call'
      readonly name: FunctionName
      readonly args: readonly Expression[]
      readonly type: EdmType
    }
  | {
      readonly kind: 'compare'
      readonly operator: CompareOperator
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'arithmetic'
      readonly operator: ArithmeticOperator
      readonly left: Expression
      readonly right: Expression
      readonly type: EdmType
    }
  /** A stamp that may name a zone of its own, as it is read in the zone whose id the slot has. */
  | {
      readonly kind: 'stamp'
      readonly as: StampForm
      readonly operand: Column
      readonly zone: Slot
      readonly type: 'Edm.DateTimeOffset'
    }
  | { readonly kind: 'negate' | 'cast'; readonly operand: Expression; readonly type: EdmType }
  | {
      readonly kind: 'case'
      readonly branches: readonly { readonly when: Expression; readonly value: Expression }[]
      readonly type: EdmType
    }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
  /** `true` is whether the operand is true, so that null becomes false. */
  | { readonly kind: 'not' | 'true'; readonly operand: Expression }
  | { readonly kind: 'in'; readonly operand: Expression; readonly items: readonly Expression[] }
  /** Whether the query has a row. */
  | { readonly kind: 'exists'; readonly query: ReadShape }
  /** How many rows the query has. */
  | { readonly kind: 'count'; readonly query: ReadShape }
  /** The rows of the query, as the value of a cell. */
  | { readonly kind: 'rows'; readonly query: ReadShape }
  /** Over the rows of a group; `count` has no operand. */
  | {
      readonly kind: 'aggregate'
      readonly method: AggregateMethod
      readonly operand: Expression | undefined
      readonly type: EdmType
    }
  /** A running sum over the rows of the query that are equal in `within`, in an order, the row's own value included. */
  | {
      readonly kind: 'running'
      readonly operand: Expression
      readonly within: readonly Expression[]
      readonly order: readonly Order[]
      readonly type: EdmType
    }
  /** The sum over all rows of the query that are equal in `within`. */
  | {
      readonly kind: 'whole'
      readonly operand: Expression
      readonly within: readonly Expression[]
      readonly type: EdmType
    }

export type Order = { readonly expression: Expression; readonly descending: boolean }

/** Where rows come from: a table, or the rows of other queries one after the other, whose columns are `c0`, `c1`… */
export type From =
  | { readonly kind: 'table'; readonly row: number; readonly table: string }
  | { readonly kind: 'queries'; readonly row: number; readonly queries: readonly ReadShape[] }

/** Another table beside the rows so far. Unless `inner`, rows without a partner stay, their new columns null. */
export type Join = {
  readonly row: number
  readonly table: string
  readonly on: readonly { readonly left: Column; readonly right: Column }[]
  readonly inner: boolean
}

export type ReadShape = {
  readonly from: From
  readonly joins: readonly Join[]
  /** What each row holds, in this order. */
  readonly outputs: readonly Expression[]
  readonly filter: Expression | undefined
  /** One row per group of rows equal in these; an empty list makes all rows one group. */
  readonly groupBy: readonly Expression[] | undefined
  /** Of a page it is complete: it ends in a key, so that no two rows are equal in it. */
  readonly order: readonly Order[]
  /** One per item of `order`: only rows after these values. */
  readonly after: readonly (Slot | Null)[] | undefined
  readonly limit: Slot | undefined
  readonly offset: Slot | undefined
}

/** `shape` is compared by identity: who reads the same shape again pays for its compilation once. */
export type ReadPlan = { readonly shape: ReadShape; readonly values: readonly Value[] }

/** A cell of a row: a value, or the rows of a `rows` output. */
export type Cell = Value | readonly Row[]

/** Cells in the order of the shape's `outputs`. */
export type Row = readonly Cell[]

/** The one table that a shape reads, `undefined` when it reads more than one row of it to make one of its own. */
export const onlyTable = ({ from, joins, groupBy }: ReadShape): string | undefined =>
  from.kind === 'table' && joins.length === 0 && groupBy === undefined ? from.table : undefined

const yes = (): boolean => true
const no = (): boolean => false

/** Whether the expression can be null. */
export const isNullable: (expression: Expression) => boolean = byKind<Expression, [], boolean>({
  column: ({ nullable }) => nullable,
  null: yes,
  case: yes,
  cast: yes,
  arithmetic: yes,
  running: yes,
  whole: yes,
  slot: no,
  compare: no,
  in: no,
  true: no,
  exists: no,
  count: no,
  rows: no,
  aggregate: ({ method }) => method !== 'count' && method !== 'countdistinct',
  not: ({ operand }) => isNullable(operand),
  stamp: ({ operand }) => isNullable(operand),
  negate: ({ operand }) => isNullable(operand),
  and: ({ operands }) => operands.some(isNullable),
  or: ({ operands }) => operands.some(isNullable),
  call: ({ args }) => args.some(isNullable),
})

const own = ({ type }: { readonly type: EdmType }): EdmType => type
const boolean = (): EdmType => 'Edm.Boolean'

/** The type of an expression, `undefined` for null and for rows. */
export const typeOf = byKind<Expression, [], EdmType | undefined>({
  null: () => undefined,
  rows: () => undefined,
  column: own,
  slot: own,
  call: own,
  arithmetic: own,
  stamp: own,
  negate: own,
  cast: own,
  case: own,
  aggregate: own,
  running: own,
  whole: own,
  count: () => 'Edm.Int64',
  compare: boolean,
  and: boolean,
  or: boolean,
  not: boolean,
  true: boolean,
  in: boolean,
  exists: boolean,
})

type Parts = readonly Expression[]

const none = (): Parts => []
const one = ({ operand }: { readonly operand: Expression }): Parts => [operand]
const sides = ({
  left,
  right,
}: {
  readonly left: Expression
  readonly right: Expression
}): Parts => [left, right]

/** The expressions directly inside one; those of nested queries are not among them. */
export const partsOf = byKind<Expression, [], Parts>({
  column: none,
  slot: none,
  null: none,
  exists: none,
  count: none,
  rows: none,
  call: ({ args }) => args,
  compare: sides,
  arithmetic: sides,
  stamp: one,
  negate: one,
  cast: one,
  not: one,
  true: one,
  whole: ({ operand, within }) => [operand, ...within],
  case: ({ branches }) => branches.flatMap(({ when, value }) => [when, value]),
  and: ({ operands }) => operands,
  or: ({ operands }) => operands,
  in: ({ operand, items }) => [operand, ...items],
  aggregate: ({ operand }) => (operand === undefined ? [] : [operand]),
  running: ({ operand, within, order }) => [
    operand,
    ...within,
    ...order.map((item) => item.expression),
  ],
})

/** All of the conditions that are given, as one; `undefined` where none is. */
export const conjunction = (
  operands: readonly (Expression | undefined)[],
): Expression | undefined => {
  const given = operands.filter((operand) => operand !== undefined)
  return given.length > 1 ? { kind: 'and', operands: given } : given[0]
}
