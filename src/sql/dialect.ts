import type { ArithmeticOperator } from '#odata/ast.ts'
import type { EdmType } from '#odata/edm/types.ts'
import type { FunctionName } from '#odata/functions.ts'
import type { AggregateMethod, StampForm } from '#query/plan.ts'
import type { Sql } from './fragment.ts'

/** An operand and what it is; `undefined` is null. */
export type Operand = { readonly sql: Sql; readonly type: EdmType | undefined }

/** A column of nested rows; `rows` when it holds rows itself. */
export type NestedColumn = { readonly sql: Sql; readonly type: EdmType | 'rows' | undefined }

/** A canonical function: its arguments, the type of the result, and the types of the arguments. */
export type DialectFunction = (
  args: readonly Sql[],
  type: EdmType,
  types: readonly (EdmType | undefined)[],
) => Sql

/** How one SQL engine says things. To add one: a file in `dialects/` and one line in its index. */
export type Dialect = {
  /** The n-th placeholder, counted from 1. */
  readonly placeholder: (n: number) => string
  /** The value of a slot, where the engine must be told its type. */
  readonly parameter: (type: EdmType, value: Sql) => Sql
  /** An operand in the form in which values of its type compare and sort rightly. */
  readonly comparable: (type: EdmType | undefined, operand: Sql) => Sql
  /** The form for equality alone, where it is a cheaper one that an index answers; else `comparable`. */
  readonly equatable?: (type: EdmType | undefined, operand: Sql) => Sql
  /** The form for the order and for what follows a row in it, where the engine's own order is another one; else `comparable`. */
  readonly sortable?: (type: EdmType | undefined, operand: Sql) => Sql
  /** The form in which it is given, and rows are grouped by it, where the store has types that the model has not. */
  readonly given?: (type: EdmType | undefined, operand: Sql) => Sql
  /** Said where `(a, b) > (x, y)` is not unknown for an `a` that is null. */
  readonly ranksNullInRows?: true
  /** Equal, with null equal to null; never unknown. */
  readonly same: (left: Sql, right: Sql) => Sql
  /** Not equal, with null equal to null; never unknown. */
  readonly different: (left: Sql, right: Sql) => Sql
  /** Null (unknown) becomes false. */
  readonly isTrue: (condition: Sql) => Sql
  readonly limit: (limit: Sql | undefined, offset: Sql | undefined) => Sql
  /** `NULLS FIRST` where the engine's default differs from OData 4.01 URL 5.1.5 (null is lowest). Asked where null can be. */
  readonly orderNulls: (descending: boolean) => Sql
  /** One cell per canonical function. Null in any argument must give null. */
  readonly functions: Record<FunctionName, DialectFunction>
  /** Arithmetic of numbers, dates and durations (which are seconds). Dividing by zero gives null. */
  readonly arithmetic: (
    operator: ArithmeticOperator,
    left: Operand,
    right: Operand,
    type: EdmType,
  ) => Sql
  /** A list as a JSON text: a list of the texts of its values, null where they are. */
  readonly list: (operand: Sql) => Sql
  /** A stamp in a form, read in a zone, where the value itself may name another one (`Zoneless`). */
  readonly stamp: (as: StampForm, operand: Sql, zone: Sql) => Sql
  readonly cast: (operand: Operand, to: EdmType) => Sql
  /** An aggregate over a group; `count` has no operand. */
  readonly aggregate: (method: AggregateMethod, operand: Operand | undefined, type: EdmType) => Sql
  /**
   * All rows of a query in one cell: as one JSON text, or as lists (see query/nested.ts). `rows` selects the columns, in the
   * order that `order` names once more for engines that forget it.
   */
  readonly collect: (
    columns: readonly NestedColumn[],
    rows: Sql,
    order: readonly { readonly sql: Sql; readonly descending: boolean }[],
  ) => Sql
}
