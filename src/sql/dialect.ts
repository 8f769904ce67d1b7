import type { EdmType } from '#odata/edm/types.ts'
import type { FunctionName } from '#odata/functions.ts'
import type { Sql } from './fragment.ts'

/** How one SQL engine says things. To add one: a file in `dialects/` and one line in its index. */
export type Dialect = {
  /** The n-th placeholder, counted from 1. */
  readonly placeholder: (n: number) => string
  /** An operand in the form in which values of its type compare and sort rightly. */
  readonly comparable: (type: EdmType | undefined, operand: Sql) => Sql
  /** The form for equality alone, where it is a cheaper one that an index answers; else `comparable`. */
  readonly equatable?: (type: EdmType | undefined, operand: Sql) => Sql
  /** The form for the order and for what follows a row in it, where the engine's own order is another one; else `comparable`. */
  readonly sortable?: (type: EdmType | undefined, operand: Sql) => Sql
  /** Said where `(a, b) > (x, y)` is not unknown for an `a` that is null. */
  readonly ranksNullInRows?: true
  /** Equal, with null equal to null; never unknown. */
  readonly same: (left: Sql, right: Sql) => Sql
  /** Not equal, with null equal to null; never unknown. */
  readonly different: (left: Sql, right: Sql) => Sql
  /** Null (unknown) becomes false. */
  readonly isTrue: (condition: Sql) => Sql
  readonly limit: (limit: Sql | undefined, offset: Sql | undefined) => Sql
  /** `NULLS FIRST` where the engine's default differs from OData 4.01 URL 5.1.4 (null is lowest). Asked where null can be. */
  readonly orderNulls: (descending: boolean) => Sql
  /** One cell per canonical function. Null in any argument must give null. */
  readonly functions: Record<FunctionName, (args: readonly Sql[]) => Sql>
}
