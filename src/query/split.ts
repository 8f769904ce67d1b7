import { notSupported } from '#odata/errors.ts'
import type { Capabilities } from './capabilities.ts'
import { needsSource } from './cells.ts'
import {
  conjunction,
  onlyTable,
  partsOf,
  type Column,
  type Expression,
  type ReadPlan,
  type ReadShape,
} from './plan.ts'

/** What is left to do here after the source has answered the pushed plan. */
export type Rest = {
  readonly filter: Expression
  /** Where the pushed rows hold the columns that the filter needs. */
  readonly columnAt: ReadonlyMap<string, number>
  /** Values of the original row; what follows was fetched for the filter only. */
  readonly width: number
  readonly limit: number | undefined
  readonly offset: number
}

export type Split = { readonly pushed: ReadPlan; readonly rest: Rest | undefined }

const isAnswerable = (expression: Expression, can: Capabilities): boolean =>
  (expression.kind !== 'call' || can.functions.has(expression.name)) &&
  partsOf(expression).every((part) => isAnswerable(part, can))

const columnsOf = (expression: Expression): readonly Column[] =>
  expression.kind === 'column' ? [expression] : partsOf(expression).flatMap(columnsOf)

/** Whether only the source can evaluate it: nested queries, joined rows, a clock. */
const isBoundToSource = (expression: Expression, row: number): boolean => {
  const { kind } = expression
  if (kind === 'exists' || kind === 'count' || kind === 'rows') return true
  if (kind === 'column') return expression.row !== row
  if (kind === 'call' && needsSource.has(expression.name)) return true
  return partsOf(expression).some((part) => isBoundToSource(part, row))
}

const numberIn = ({ values }: ReadPlan, slot: ReadShape['limit']): number | undefined =>
  slot === undefined ? undefined : Number(values[slot.index])

/** What is neither pushed nor done here is refused (DESIGN invariant 23). */
const refuseRest = (mine: readonly Expression[], { shape }: ReadPlan): void => {
  const { from } = shape
  if (onlyTable(shape) !== undefined && !mine.some((part) => isBoundToSource(part, from.row)))
    return
  throw notSupported('a part of the filter that this data store cannot evaluate')
}

/**
 * Splits a plan into what the source does and what is done here. Operands of the outermost `and` are
 * pushed one by one; limit and offset are pushed only with the whole filter, or rows would be lost.
 */
export const splitPlan = (plan: ReadPlan, can: Capabilities): Split => {
  const { shape } = plan
  const { filter } = shape
  if (filter === undefined || (can.filter && isAnswerable(filter, can)))
    return { pushed: plan, rest: undefined }
  const operands = filter.kind === 'and' ? filter.operands : [filter]
  const mine = operands.filter((operand) => !can.filter || !isAnswerable(operand, can))
  refuseRest(mine, plan)
  const outputs = [...shape.outputs]
  const columnAt = new Map<string, number>()
  for (const column of mine.flatMap(columnsOf)) {
    const at = outputs.findIndex((o) => o.kind === 'column' && o.name === column.name)
    columnAt.set(column.name, at === -1 ? outputs.push(column) - 1 : at)
  }
  const theirs = conjunction(operands.filter((operand) => !mine.includes(operand)))
  const pushed = { ...shape, outputs, filter: theirs, limit: undefined, offset: undefined }
  return {
    pushed: { shape: pushed, values: plan.values },
    rest: {
      filter: conjunction(mine) ?? filter,
      columnAt,
      width: shape.outputs.length,
      limit: numberIn(plan, shape.limit),
      offset: numberIn(plan, shape.offset) ?? 0,
    },
  }
}

/**
 * Splits the count of a plan, which its limit, offset and keyset do not concern: without a rest the source counts, otherwise it
 * gives the rows, and what the rest lets through is counted here.
 */
export const splitCount = (plan: ReadPlan, can: Capabilities): Split => {
  const split = splitPlan(plan, can)
  if (split.rest === undefined) return split
  const { values } = plan
  const shape = { ...plan.shape, limit: undefined, offset: undefined, after: undefined }
  return splitPlan({ shape, values }, can)
}
