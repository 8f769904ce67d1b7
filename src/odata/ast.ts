// The tree of an OData URL as written: names are not resolved yet. `at` is the 0-based offset into the
// decoded text that the node was parsed from.

export type LiteralType =
  | 'null'
  | 'boolean'
  | 'integer'
  | 'decimal'
  | 'double'
  | 'string'
  | 'date'
  | 'datetime'
  | 'time'
  | 'guid'

/** integer: bigint within 64 bits; decimal: its digits as text; double: number; the rest: text as written. */
export type Literal = {
  readonly kind: 'literal'
  readonly type: LiteralType
  readonly value: null | boolean | bigint | number | string
  readonly at: number
}

export type Member = { readonly kind: 'member'; readonly name: string; readonly at: number }

export type CompareOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'

export type ODataExpression =
  | Literal
  | Member
  | {
      readonly kind: 'call'
      readonly name: string
      readonly args: readonly ODataExpression[]
      readonly at: number
    }
  | {
      readonly kind: 'compare'
      readonly operator: CompareOperator
      readonly left: ODataExpression
      readonly right: ODataExpression
      readonly at: number
    }
  | {
      readonly kind: 'and' | 'or'
      readonly operands: readonly ODataExpression[]
      readonly at: number
    }
  | { readonly kind: 'not'; readonly operand: ODataExpression; readonly at: number }
  | {
      readonly kind: 'in'
      readonly operand: ODataExpression
      readonly items: readonly Literal[]
      readonly at: number
    }

export type OrderItem = { readonly expression: ODataExpression; readonly descending: boolean }

/** `*` is every structural property. */
export type Select = readonly { readonly name: string; readonly at: number }[]

export type KeyPart = { readonly name: string | undefined; readonly value: Literal }

export type ResourcePath =
  | { readonly kind: 'service' }
  | { readonly kind: 'metadata' }
  | {
      readonly kind: 'set'
      readonly name: string
      readonly key: readonly KeyPart[] | undefined
      readonly count: boolean
      /** What follows; it is looked up against the model to be refused precisely. */
      readonly rest: readonly string[]
    }

export type QueryOptions = {
  readonly filter: ODataExpression | undefined
  readonly select: Select | undefined
  readonly orderBy: readonly OrderItem[] | undefined
  readonly top: number | undefined
  readonly skip: number | undefined
  readonly count: boolean
  readonly skipToken: string | undefined
  readonly format: string | undefined
}
