// What is wanted, neither OData nor SQL. A plan is a shape plus values: every literal is a numbered slot,
// so that a shape can be compiled once and a value can never become text.
import type { CompareOperator } from '#odata/ast.ts'
import type { EdmType } from '#odata/edm/types.ts'
import type { FunctionName } from '#odata/functions.ts'

/**
 * A value as a source gives and takes it. Integers are number or bigint, Boolean may be 0 and 1, dates and
 * times are ISO text.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array

export type Slot = { readonly kind: 'slot'; readonly index: number; readonly type: EdmType }

export type Column = {
  readonly kind: 'column'
  readonly name: string
  readonly type: EdmType
  readonly nullable: boolean
}

export type Null = { readonly kind: 'null' }

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
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'in'; readonly operand: Expression; readonly items: readonly (Slot | Null)[] }

export type Order = { readonly expression: Expression; readonly descending: boolean }

export type ReadShape = {
  readonly table: string
  /** What each row holds, in this order. */
  readonly outputs: readonly Expression[]
  readonly filter: Expression | undefined
  /** Complete: it always ends in the key, so that no two rows are equal in it. */
  readonly order: readonly Order[]
  /** One per item of `order`: only rows after these values. */
  readonly after: readonly (Slot | Null)[] | undefined
  readonly limit: Slot | undefined
  readonly offset: Slot | undefined
}

/** `shape` is compared by identity: who reads the same shape again pays for its compilation once. */
export type ReadPlan = { readonly shape: ReadShape; readonly values: readonly Value[] }

/** Values in the order of the shape's `outputs`. */
export type Row = readonly Value[]

/** Whether the expression can be null. */
export const isNullable = (expression: Expression): boolean => {
  switch (expression.kind) {
    case 'column':
      return expression.nullable
    case 'null':
      return true
    case 'slot':
    case 'compare':
    case 'in':
      return false
    case 'not':
      return isNullable(expression.operand)
    case 'and':
    case 'or':
      return expression.operands.some(isNullable)
    case 'call':
      return expression.args.some(isNullable)
  }
}

/** The type of an expression, `undefined` for null. */
export const typeOf = (expression: Expression): EdmType | undefined => {
  switch (expression.kind) {
    case 'null':
      return undefined
    case 'column':
    case 'slot':
    case 'call':
      return expression.type
    case 'compare':
    case 'and':
    case 'or':
    case 'not':
    case 'in':
      return 'Edm.Boolean'
  }
}
