// The statement of a plan's shape, made once.
import { nestedDecoder } from '#query/nested.ts'
import { typeOf, type ReadShape, type Row } from '#query/plan.ts'
import { compileRead } from '#sql/compile.ts'
import { dialects } from '#sql/dialects/index.ts'
import type { Statement } from '#sql/fragment.ts'

const isExact = ({ outputs }: ReadShape): boolean =>
  outputs.some((output) => ['Edm.Int64', 'Edm.Decimal'].includes(typeOf(output) ?? ''))

/** A statement of a shape, and how its rows are read. */
export type Compiled = {
  /** Makes rows of the nested ones, where there are any. */
  readonly decode?: ((row: Row) => Row) | undefined
  readonly statement: Statement
  readonly exact: boolean
  /** Here, a read without a limit is one row by a unique index. */
  readonly single?: boolean
}

/** Compiles each shape once. */
export const createCompiler = () => {
  const shapes = new WeakMap<ReadShape, Compiled>()
  return (shape: ReadShape): Compiled => {
    const known = shapes.get(shape)
    if (known !== undefined) return known
    const statement = compileRead(shape, dialects.sqlite)
    const decode = nestedDecoder(shape)
    const single = shape.limit === undefined
    const fresh = { statement, exact: isExact(shape), single, decode }
    shapes.set(shape, fresh)
    return fresh
  }
}
