import type { Capabilities } from './capabilities.ts'
import type { Column, Expression, ReadPlan, ReadShape } from './plan.ts'

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

const isAnswerable = (expression: Expression, can: Capabilities): boolean => {
  switch (expression.kind) {
    case 'column':
    case 'slot':
    case 'null':
      return true
    case 'call':
      return (
        can.functions.has(expression.name) && expression.args.every((e) => isAnswerable(e, can))
      )
    case 'compare':
      return isAnswerable(expression.left, can) && isAnswerable(expression.right, can)
    case 'and':
    case 'or':
      return expression.operands.every((e) => isAnswerable(e, can))
    case 'not':
    case 'in':
      return isAnswerable(expression.operand, can)
  }
}

const columnsOf = (expression: Expression): readonly Column[] => {
  switch (expression.kind) {
    case 'column':
      return [expression]
    case 'slot':
    case 'null':
      return []
    case 'call':
      return expression.args.flatMap(columnsOf)
    case 'compare':
      return [...columnsOf(expression.left), ...columnsOf(expression.right)]
    case 'and':
    case 'or':
      return expression.operands.flatMap(columnsOf)
    case 'not':
    case 'in':
      return columnsOf(expression.operand)
  }
}

const conjunction = (operands: readonly Expression[]): Expression | undefined =>
  operands.length > 1 ? { kind: 'and', operands } : operands[0]

const numberIn = ({ values }: ReadPlan, slot: ReadShape['limit']): number | undefined =>
  slot === undefined ? undefined : Number(values[slot.index])

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
