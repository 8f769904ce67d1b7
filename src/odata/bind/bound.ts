// What names mean once they are found in the model: the tree of a request with types, and without text.
import type { ArithmeticOperator, CompareOperator, Literal } from '../ast.ts'
import type { EntityType, NavigationProperty, Property } from '../edm/model.ts'
import type { EdmType } from '../edm/types.ts'
import type { FunctionName } from '../functions.ts'

/** A row that expressions look at, or what a navigation property to one entity leads to from there. */
export type Instance =
  | { readonly kind: 'row'; readonly id: number; readonly type: EntityType }
  | {
      readonly kind: 'step'
      readonly from: Instance
      readonly navigation: NavigationProperty
      readonly type: EntityType
    }

/** The entities that a collection-valued navigation property leads to; each is `row` in turn. */
export type BoundRows = {
  readonly from: Instance
  readonly navigation: NavigationProperty
  readonly row: Extract<Instance, { readonly kind: 'row' }>
  readonly filter: BoundExpression | undefined
}

export type BoundLiteral = {
  readonly kind: 'literal'
  readonly type: EdmType | 'null'
  readonly value: Literal['value']
  readonly at: number
}

export const aggregateMethods = ['sum', 'min', 'max', 'average', 'countdistinct'] as const
export type AggregateMethod = (typeof aggregateMethods)[number]

export type BoundExpression =
  | BoundLiteral
  | {
      readonly kind: 'property'
      readonly instance: Instance
      readonly property: Property
      readonly type: EdmType
    }
  | {
      readonly kind: 'call'
      readonly name: FunctionName
      readonly args: readonly BoundExpression[]
      readonly type: EdmType
    }
  | {
      readonly kind: 'compare'
      readonly operator: CompareOperator
      readonly left: BoundExpression
      readonly right: BoundExpression
      readonly type: 'Edm.Boolean'
    }
  | {
      readonly kind: 'arithmetic'
      readonly operator: ArithmeticOperator
      readonly left: BoundExpression
      readonly right: BoundExpression
      readonly type: EdmType
    }
  | { readonly kind: 'negate'; readonly operand: BoundExpression; readonly type: EdmType }
  | { readonly kind: 'cast'; readonly operand: BoundExpression; readonly type: EdmType }
  | {
      readonly kind: 'case'
      readonly branches: readonly {
        readonly when: BoundExpression
        readonly value: BoundExpression
      }[]
      readonly type: EdmType
    }
  | {
      readonly kind: 'and' | 'or'
      readonly operands: readonly BoundExpression[]
      readonly type: 'Edm.Boolean'
    }
  | { readonly kind: 'not'; readonly operand: BoundExpression; readonly type: 'Edm.Boolean' }
  | {
      readonly kind: 'in'
      readonly operand: BoundExpression
      readonly items: readonly BoundExpression[]
      readonly type: 'Edm.Boolean'
    }
  | {
      readonly kind: 'any' | 'all'
      readonly rows: BoundRows
      readonly predicate: BoundExpression | undefined
      readonly type: 'Edm.Boolean'
    }
  | { readonly kind: 'count'; readonly rows: BoundRows; readonly type: 'Edm.Int64' }
  /** Over the rows of a group; `count` has no operand. */
  | {
      readonly kind: 'aggregate'
      readonly method: AggregateMethod | 'count'
      readonly operand: BoundExpression | undefined
      readonly type: EdmType
    }
  /** The sum of a measure over all rows that are equal in `within`, or over those of them up to this one in an order. */
  | {
      readonly kind: 'sum'
      readonly operand: BoundExpression
      readonly within: readonly BoundExpression[]
      readonly upTo: readonly BoundOrderItem[] | undefined
      readonly type: EdmType
    }

export type BoundOrderItem = { readonly expression: BoundExpression; readonly descending: boolean }

/** A member of an answer: its name and type, and what it is computed from. */
export type BoundOutput = {
  readonly property: Property
  readonly expression: BoundExpression
}
