// A shape as a tree for people: what is read, what is joined, which rows are kept, in which order, how many.
import type { Expression, Join, ReadShape, Slot, Value } from '../plan.ts'
import { expressionText, joinText, orderText, valueText, type Words } from './expression.ts'

export type JoinNode = {
  readonly read: string
  readonly as: string
  readonly on: string
  /** Whether rows without a partner are left out. */
  readonly inner: boolean
}

/** A member of the rows: an expression, or what is read for each of them. */
export type ShownNode = string | { readonly rows: PlanNode } | { readonly count: PlanNode }

export type PlanNode = {
  /** An entity set, or the stages of `$apply` whose rows are read one after the other. */
  readonly read: string | readonly PlanNode[]
  /** The name of its rows in all expressions, and in SQL. */
  readonly as: string
  readonly joins?: readonly JoinNode[] | undefined
  readonly filter?: string | undefined
  readonly groupBy?: readonly string[] | undefined
  readonly show?: readonly ShownNode[] | undefined
  readonly orderBy?: readonly string[] | undefined
  /** The page begins after the row with these values of the order. */
  readonly after?: readonly string[] | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

const someOf = <T>(items: readonly T[]): readonly T[] | undefined =>
  items.length === 0 ? undefined : items

const numberOf = (slot: Slot | undefined, values: readonly Value[]): number | undefined =>
  slot && Number(values[slot.index])

const joinNode = ({ row, table, on, inner }: Join, words: Words): JoinNode => ({
  read: words.names.set(table),
  as: `t${row}`,
  on: joinText(on, words),
  inner,
})

const shownNode = (output: Expression, words: Words): ShownNode => {
  if (output.kind === 'rows') return { rows: planTree(output.query, words) }
  if (output.kind === 'count') return { count: planTree(output.query, words) }
  return expressionText(output, words)
}

/** The rows of a stage are known by the places of their members. */
const stageNode = (stage: ReadShape, words: Words): PlanNode => {
  const node = planTree(stage, words)
  return {
    ...node,
    show: node.show?.map((shown, i) => (typeof shown === 'string' ? `c${i}: ${shown}` : shown)),
  }
}

/** The tree of a shape, in the names of the model, values in their places. */
export const planTree = (shape: ReadShape, words: Words): PlanNode => {
  const { from, joins, filter, groupBy, outputs, order, after, limit, offset } = shape
  return {
    read:
      from.kind === 'table'
        ? words.names.set(from.table)
        : from.queries.map((query) => stageNode(query, words)),
    as: `t${from.row}`,
    joins: someOf(joins.map((join) => joinNode(join, words))),
    filter: filter && expressionText(filter, words),
    groupBy: groupBy?.map((expression) => expressionText(expression, words)),
    show: someOf(outputs.map((output) => shownNode(output, words))),
    orderBy: someOf(order.map((item) => orderText(item, words))),
    after: after?.map((at) =>
      at.kind === 'null' ? 'null' : valueText(words.values[at.index] ?? null, at.type),
    ),
    limit: numberOf(limit, words.values),
    offset: numberOf(offset, words.values),
  }
}

/** What of a shape decides how many rows there are. */
export const countedTree = (shape: ReadShape, words: Words): PlanNode =>
  planTree(
    { ...shape, outputs: [], order: [], after: undefined, limit: undefined, offset: undefined },
    words,
  )
