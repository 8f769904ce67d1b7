// The tree of an OData URL as written: names are not resolved yet. `at` is the 0-based offset into the
// decoded text of the option (or the path) that the node was parsed from.

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
  | 'duration'
  | 'binary'
  | 'enum'
  | 'geo'

/** integer: bigint within 64 bits; decimal: its digits as text; double: number; the rest: text as written. */
export type Literal = {
  readonly kind: 'literal'
  readonly type: LiteralType
  readonly value: null | boolean | bigint | number | string
  /** Of an enumeration's value, where it is written: `Ns.Pattern'Yellow'`. */
  readonly typeName?: string
  readonly at: number
}

export type CompareOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'
export type ArithmeticOperator = 'add' | 'sub' | 'mul' | 'div' | 'divby' | 'mod'

/** A key value or a parameter of a function; `name` where one is given. */
export type Argument = { readonly name: string | undefined; readonly value: ODataExpression }

/** One step of a path in an expression (OData 4.01 URL 5.1.1.15). Names may be qualified. */
export type PathSegment =
  | {
      readonly kind: 'name'
      readonly name: string
      readonly args: readonly Argument[] | undefined
      readonly at: number
    }
  | {
      readonly kind: 'count'
      readonly filter: ODataExpression | undefined
      readonly search: SearchExpression | undefined
      readonly at: number
    }
  | { readonly kind: 'filter'; readonly condition: ODataExpression; readonly at: number }
  | {
      readonly kind: 'any' | 'all'
      readonly variable: string | undefined
      readonly predicate: ODataExpression | undefined
      readonly at: number
    }
  | { readonly kind: 'aggregate'; readonly item: AggregateItem; readonly at: number }
  | { readonly kind: 'annotation'; readonly name: string; readonly at: number }

/** Where a path begins: at the instance itself, or at what the word or the `@alias` stands for. */
export type PathRoot = 'here' | '$it' | '$this' | '$these' | '$root' | `@${string}`

export type PathExpression = {
  readonly kind: 'path'
  readonly root: PathRoot
  readonly segments: readonly PathSegment[]
  readonly at: number
}

export type CaseBranch = { readonly when: ODataExpression; readonly value: ODataExpression }

export type ODataExpression =
  | Literal
  | PathExpression
  | {
      readonly kind: 'call'
      readonly name: string
      readonly args: readonly ODataExpression[]
      readonly at: number
    }
  | {
      readonly kind: 'cast' | 'isof'
      readonly operand: ODataExpression | undefined
      readonly typeName: string
      readonly at: number
    }
  | { readonly kind: 'case'; readonly branches: readonly CaseBranch[]; readonly at: number }
  | {
      readonly kind: 'compare'
      readonly operator: CompareOperator
      readonly left: ODataExpression
      readonly right: ODataExpression
      readonly at: number
    }
  | {
      readonly kind: 'arithmetic'
      readonly operator: ArithmeticOperator
      readonly left: ODataExpression
      readonly right: ODataExpression
      readonly at: number
    }
  | {
      readonly kind: 'has'
      readonly left: ODataExpression
      readonly right: Literal
      readonly at: number
    }
  | {
      readonly kind: 'and' | 'or'
      readonly operands: readonly ODataExpression[]
      readonly at: number
    }
  | { readonly kind: 'not' | 'negate'; readonly operand: ODataExpression; readonly at: number }
  | {
      readonly kind: 'in'
      readonly operand: ODataExpression
      /** A list as written in parentheses or brackets, or the expression of a collection. */
      readonly items: readonly ODataExpression[] | ODataExpression
      readonly at: number
    }
  | { readonly kind: 'array'; readonly items: readonly ODataExpression[]; readonly at: number }
  | {
      readonly kind: 'object'
      readonly members: readonly { readonly name: string; readonly value: ODataExpression }[]
      readonly at: number
    }

/** OData 4.01 URL 5.1.7. */
export type SearchExpression =
  | { readonly kind: 'term'; readonly text: string }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly SearchExpression[] }
  | { readonly kind: 'not'; readonly operand: SearchExpression }

export type OrderItem = { readonly expression: ODataExpression; readonly descending: boolean }

export type ComputeItem = {
  readonly expression: ODataExpression
  readonly alias: string
  readonly at: number
}

/** `*` is every structural property, `Ns.*` every operation; a step that begins with `@` is an annotation. */
export type SelectItem = {
  readonly path: readonly string[]
  readonly options: QueryOptions | undefined
  readonly at: number
}

export type ExpandItem = {
  readonly path: readonly string[]
  readonly suffix: 'ref' | 'count' | undefined
  readonly options: QueryOptions | undefined
  readonly at: number
}

/** `Amount with sum as Total`; without a method it is `$count`, a path that ends in it, or a custom aggregate. */
export type AggregateItem = {
  readonly expression: ODataExpression | '$count'
  readonly method: string | undefined
  readonly from: readonly {
    readonly properties: readonly GroupPath[]
    readonly method: string | undefined
  }[]
  readonly alias: string | undefined
  readonly at: number
}

export type GroupPath = { readonly path: readonly string[]; readonly at: number }

export type GroupElement =
  | ({ readonly kind: 'property' } & GroupPath)
  | { readonly kind: 'rollup'; readonly levels: readonly GroupPath[]; readonly at: number }
  | { readonly kind: 'rolluprecursive'; readonly at: number }

export const rankings = [
  'topcount',
  'topsum',
  'toppercent',
  'bottomcount',
  'bottomsum',
  'bottompercent',
] as const
export type Ranking = (typeof rankings)[number]

/** One step of `$apply` (OData Data Aggregation 4.0 section 3). */
export type Transformation = { readonly at: number } & (
  | { readonly kind: 'aggregate'; readonly items: readonly AggregateItem[] }
  | { readonly kind: 'compute'; readonly items: readonly ComputeItem[] }
  | { readonly kind: 'concat'; readonly branches: readonly (readonly Transformation[])[] }
  | {
      readonly kind: 'groupby'
      readonly elements: readonly GroupElement[]
      readonly inner: readonly Transformation[]
    }
  | { readonly kind: 'filter'; readonly condition: ODataExpression }
  | { readonly kind: 'search'; readonly search: SearchExpression }
  | { readonly kind: 'orderby'; readonly items: readonly OrderItem[] }
  | { readonly kind: 'top' | 'skip'; readonly count: number }
  | { readonly kind: Ranking; readonly amount: ODataExpression; readonly measure: ODataExpression }
  | { readonly kind: 'identity' }
  | {
      readonly kind: 'join' | 'outerjoin'
      readonly path: readonly string[]
      readonly alias: string
    }
  /** Understood, and not offered: nest, addnested, ancestors, descendants, traverse, custom ones. */
  | { readonly kind: 'other'; readonly name: string }
)

/** The options of a request, and those nested in `$select` and `$expand`. */
export type QueryOptions = {
  readonly filter: ODataExpression | undefined
  readonly select: readonly SelectItem[] | undefined
  readonly expand: readonly ExpandItem[] | undefined
  readonly orderBy: readonly OrderItem[] | undefined
  readonly compute: readonly ComputeItem[] | undefined
  readonly apply: readonly Transformation[] | undefined
  readonly search: SearchExpression | undefined
  readonly top: number | undefined
  readonly skip: number | undefined
  readonly count: boolean
  readonly levels: number | 'max' | undefined
  readonly skipToken: string | undefined
  readonly deltaToken: string | undefined
  readonly format: string | undefined
  readonly id: string | undefined
  readonly index: number | undefined
  readonly schemaVersion: string | undefined
  /** Whether the answer tells how it would be found, instead of being it (our own option). */
  readonly explain: boolean
  /** HDP's own `timezone`, the id of a zone that there is (data access reference A.4). */
  readonly timeZone: string | undefined
  /** Values of parameter aliases by name, without the `@`. */
  readonly aliases: ReadonlyMap<string, ODataExpression>
}

/** One step of a resource path (OData 4.01 URL 4). `text` is what can be no name: a key or an index. */
export type ResourceSegment = { readonly at: number } & (
  | {
      readonly kind: 'name'
      readonly name: string
      readonly args: readonly Argument[] | undefined
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'count' | 'ref' | 'value' | 'each' | 'query' }
  | { readonly kind: 'filter'; readonly condition: ODataExpression }
)

export type ResourcePath =
  | { readonly kind: 'service' | 'metadata' | 'batch' }
  | { readonly kind: 'entity' | 'all'; readonly cast: string | undefined }
  | { readonly kind: 'crossjoin'; readonly sets: readonly string[] }
  | { readonly kind: 'resource'; readonly segments: readonly ResourceSegment[] }
