// From a shape to what a reader process needs: the statement, the types of its values, the tables that it reads.
import type { EdmType } from '#odata/edm/types.ts'
import { contentsOf } from '#query/contents.ts'
import type { Expression, ReadShape } from '#query/plan.ts'
import { compileCount, compileRead } from '#sql/compile.ts'
import { dialects } from '#sql/dialects/index.ts'
import type { Statement } from '#sql/fragment.ts'

export type Compiled = {
  readonly statement: Statement
  /** By the number of the slot. */
  readonly types: ReadonlyMap<number, EdmType>
  readonly tables: readonly string[]
}

/** The tables and types of slots of a shape, wherever in it they are. */
const neededFor = (shape: ReadShape): Pick<Compiled, 'tables' | 'types'> => {
  const { tables, slots } = contentsOf(shape)
  return {
    tables: [...new Set(tables.values())],
    types: new Map([...slots].map(([index, { type }]) => [index, type])),
  }
}

/**
 * The engine gives the rows of a file in the order of the file when no other is asked for, and stops reading when a page is full.
 * Asked for that very order it would read on to the end and sort: so a read in the order of the row number asks for none.
 */
export const inFileOrder = (shape: ReadShape, rowNumber: string | undefined): ReadShape => {
  const [first] = shape.order
  const column = first?.expression
  if (column?.kind !== 'column' || column.name !== rowNumber || first?.descending === true)
    return shape
  // No two rows are equal in the row number, so that whatever follows it in the order decides nothing.
  const after = shape.after?.[0]
  if (after?.kind === 'null') return shape
  const operands: Expression[] = shape.filter === undefined ? [] : [shape.filter]
  if (after !== undefined)
    operands.push({
      kind: 'compare',
      operator: 'gt',
      left: column,
      right: { ...after, type: 'Edm.Int64' },
    })
  const filter = operands.length > 1 ? ({ kind: 'and', operands } as const) : operands[0]
  return { ...shape, filter, order: [], after: undefined }
}

/** Compiles a read. `rowNumber`: the column of the shape's only table that counts its rows. */
export const compileFileRead = (shape: ReadShape, rowNumber: string | undefined): Compiled => {
  const ordered = inFileOrder(shape, rowNumber)
  return { statement: compileRead(ordered, dialects.duckdb), ...neededFor(ordered) }
}

export const compileFileCount = (shape: ReadShape): Compiled => ({
  statement: compileCount(shape, dialects.duckdb),
  ...neededFor(shape),
})
