import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type {
  CompareOperator,
  ExpandItem,
  Literal,
  LiteralType,
  ODataExpression,
  PathSegment,
  QueryOptions,
  SearchExpression,
} from '#odata/ast.ts'
import { ODataError } from '#odata/errors.ts'
import { functions } from '#odata/functions.ts'
import { emptyOptions } from '#odata/parse/options.ts'
import { parseExpression as parseFilter } from '#odata/parse/grammar.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import { renderLiteral } from '#odata/render/expression.ts'
import { renderExpression, renderQueryOptions } from '#odata/render/url.ts'

const literal = (type: LiteralType, value: fc.Arbitrary<Literal['value']>): fc.Arbitrary<Literal> =>
  value.map((v) => ({ kind: 'literal', type, value: v, at: 0 }))

const two = (n: number) => String(n).padStart(2, '0')
const day = fc
  .tuple(
    fc.integer({ min: 1, max: 9999 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
  )
  .map(([y, m, d]) => `${String(y).padStart(4, '0')}-${two(m)}-${two(d)}`)
const clock = fc
  .tuple(
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
  )
  .map((parts) => parts.map(two).join(':'))

const literals: fc.Arbitrary<Literal> = fc.oneof(
  literal('null', fc.constant(null)),
  literal('boolean', fc.boolean()),
  literal('integer', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  literal(
    'decimal',
    fc.tuple(fc.integer(), fc.nat(99)).map(([a, b]) => `${a}.${two(b)}`),
  ),
  literal(
    'double',
    fc.double({ noDefaultInfinity: false, noNaN: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
  ),
  literal(
    'string',
    fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0')),
  ),
  literal('date', day),
  literal(
    'datetime',
    fc.tuple(day, clock).map(([d, c]) => `${d}T${c}Z`),
  ),
  literal('time', clock),
  literal('guid', fc.uuid()),
  literal('duration', fc.constantFrom('PT1.5S', '-P1DT2H3M4S', 'P2D')),
  literal('binary', fc.constantFrom('', 'Zg==', 'Zm9v')),
)

const members: fc.Arbitrary<ODataExpression> = fc
  .constantFrom(
    'delay',
    'Name',
    '_x1',
    'größe',
    'eq',
    'and',
    'notable',
    'nullable',
    'trueish',
    'ins',
  )
  .map((name) => ({
    kind: 'path',
    root: 'here',
    segments: [{ kind: 'name', name, args: undefined, at: 0 }],
    at: 0,
  }))

const calculations = ['add', 'sub', 'mul', 'div', 'divby', 'mod'] as const
const literalOne: Literal = { kind: 'literal', type: 'integer', value: 1n, at: 0 }
const operators: readonly CompareOperator[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le']

const { tree } = fc.letrec<{ tree: ODataExpression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    literals,
    members,
    fc.record({
      kind: fc.constant('compare' as const),
      operator: fc.constantFrom(...operators),
      left: tie('tree'),
      right: tie('tree'),
      at: fc.constant(0),
    }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('tree'), { minLength: 2, maxLength: 4 }),
      at: fc.constant(0),
    }),
    fc.record({ kind: fc.constant('not' as const), operand: tie('tree'), at: fc.constant(0) }),
    fc.record({
      kind: fc.constant('negate' as const),
      operand: members,
      at: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant('arithmetic' as const),
      operator: fc.constantFrom(...calculations),
      left: tie('tree'),
      right: tie('tree'),
      at: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant('in' as const),
      operand: tie('tree'),
      items: fc.oneof(
        fc.array(literals, { maxLength: 3 }),
        fc.array(members, { minLength: 1, maxLength: 3 }),
      ),
      at: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant('cast' as const),
      operand: fc.option(tie('tree'), { nil: undefined }),
      typeName: fc.constantFrom('Edm.String', 'Collection(Edm.Int32)', 'Ns.Type'),
      at: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant('case' as const),
      branches: fc.array(fc.record({ when: tie('tree'), value: tie('tree') }), {
        minLength: 1,
        maxLength: 2,
      }),
      at: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant('array' as const),
      items: fc.array(tie('tree'), { maxLength: 2 }),
      at: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant('path' as const),
      root: fc.constantFrom('here' as const, '$it' as const, '$this' as const, '@p' as const),
      segments: fc
        .tuple(
          fc.constantFrom<PathSegment>(
            { kind: 'name', name: 'Items', args: undefined, at: 0 },
            { kind: 'name', name: 'Ns.f', args: [], at: 0 },
          ),
          fc.oneof(
            fc.constant<PathSegment>({
              kind: 'count',
              filter: undefined,
              search: undefined,
              at: 0,
            }),
            fc.record({
              kind: fc.constantFrom('any' as const, 'all' as const),
              variable: fc.constant('x'),
              predicate: tie('tree'),
              at: fc.constant(0),
            }),
            fc.record({
              kind: fc.constant('filter' as const),
              condition: tie('tree'),
              at: fc.constant(0),
            }),
          ),
        )
        .map((pair): readonly PathSegment[] => pair),
      at: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant('call' as const),
      name: fc.constantFrom(...Object.keys(functions)),
      args: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
      at: fc.constant(0),
    }),
  ),
}))

const searches = fc.letrec<{ search: SearchExpression; operand: SearchExpression }>((tie) => ({
  operand: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      kind: fc.constant('term' as const),
      text: fc.constantFrom('red', 'AND', 'NOT', 'two words', "it's", 'a;b', '(x)', 'say "x"'),
    }),
    fc.record({ kind: fc.constant('not' as const), operand: tie('operand') }),
    tie('search'),
  ),
  search: fc.oneof(
    fc.record({ kind: fc.constant('term' as const), text: fc.constantFrom('blue', 'OR', 'x y') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('operand'), { minLength: 2, maxLength: 3 }),
    }),
  ),
})).search

/** Options as they stand in parentheses after an expanded property, and their own inside. */
const { expands } = fc.letrec<{
  nestedOptions: QueryOptions
  expands: readonly ExpandItem[]
}>((tie) => ({
  nestedOptions: fc
    .record({
      filter: fc.option(tree, { nil: undefined }),
      search: fc.option(searches, { nil: undefined }),
      expand: fc.option(tie('expands'), { nil: undefined, depthSize: 'small' }),
      top: fc.option(fc.nat(), { nil: undefined }),
      count: fc.boolean(),
      levels: fc.constantFrom(undefined, 3, 'max' as const),
      aliases: fc.option(fc.constant(new Map([['p', literalOne]])), { nil: new Map() }),
    })
    .map((given) => ({ ...emptyOptions(), ...given })),
  expands: fc.array(
    fc.record({
      path: fc.constantFrom(['Items'], ['Ns.Type', 'Items']),
      suffix: fc.constant(undefined),
      options: fc.option(
        tie('nestedOptions').filter((options) => renderQueryOptions(options) !== ''),
        { nil: undefined },
      ),
      at: fc.constant(0),
    }),
    { minLength: 1, maxLength: 2 },
  ),
}))

const withoutPlaces = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, v: unknown) => {
      if (key === 'at') return undefined
      if (typeof v === 'bigint') return `${v}n`
      if (v instanceof Map) return [...v]
      return typeof v === 'number' && !Number.isFinite(v) ? String(v) : v
    }),
  )

const runs = { numRuns: 400 }

describe('the URL grammar', () => {
  test('reads a rendered expression back as the same tree', () => {
    fc.assert(
      fc.property(tree, (expression) => {
        const text = renderExpression(expression)
        assert.deepEqual(withoutPlaces(parseFilter(text)), withoutPlaces(expression), text)
      }),
      runs,
    )
  })
  test('reads a rendered key back as the same values', () => {
    fc.assert(
      fc.property(literals, (value) => {
        const path = `/Set(${encodeURIComponent(renderLiteral(value))})`
        const parsed = parseResourcePath(path)
        const [first] = parsed.kind === 'resource' ? parsed.segments : []
        assert.ok(first?.kind === 'name')
        assert.deepEqual(withoutPlaces(first.args), withoutPlaces([{ value }]))
      }),
      runs,
    )
  })
  test('reads rendered query options back as the same options', () => {
    const options = fc.record({
      filter: fc.option(tree, { nil: undefined }),
      search: fc.option(searches, { nil: undefined }),
      expand: fc.option(expands, { nil: undefined }),
      orderBy: fc.option(
        fc.array(fc.record({ expression: members, descending: fc.boolean() }), {
          minLength: 1,
          maxLength: 3,
        }),
        { nil: undefined },
      ),
      top: fc.option(fc.nat(), { nil: undefined }),
      skip: fc.option(fc.nat(), { nil: undefined }),
      count: fc.boolean(),
      compute: fc.option(
        fc.array(
          fc.record({ expression: tree, alias: fc.constantFrom('X', 'Y'), at: fc.constant(0) }),
          { minLength: 1, maxLength: 2 },
        ),
        { nil: undefined },
      ),
    })
    fc.assert(
      fc.property(options, (some) => {
        const given: QueryOptions = { ...emptyOptions(), ...some }
        assert.deepEqual(
          withoutPlaces(parseQueryOptions(renderQueryOptions(given))),
          withoutPlaces(given),
        )
      }),
      runs,
    )
  })

  const pieces = [
    ..."'(),- ./$%@:TZ1a[{=&+;*\t\0".split(''),
    ...'eq and not in desc contains null 2001-01-01 %27 😀 \ud800'.split(' '),
  ]
  const fragment = fc.constantFrom(...pieces)
  const noise = fc.oneof(
    fc.array(fragment, { maxLength: 25 }).map((parts) => parts.join('')),
    fc.string(),
  )
  const parsers: Readonly<Record<string, (text: string) => unknown>> = {
    $filter: parseFilter,
    $orderby: (text) => parseQueryOptions(`$orderby=${encodeURIComponent(text.toWellFormed())}`),
    $select: (text) => parseQueryOptions(`$select=${encodeURIComponent(text.toWellFormed())}`),
    $expand: (text) => parseQueryOptions(`$expand=${encodeURIComponent(text.toWellFormed())}`),
    $search: (text) => parseQueryOptions(`$search=${encodeURIComponent(text.toWellFormed())}`),
    $apply: (text) => parseQueryOptions(`$apply=${encodeURIComponent(text.toWellFormed())}`),
    path: (text) => parseResourcePath(`/${text}`),
    query: parseQueryOptions,
  }
  for (const [name, parse] of Object.entries(parsers))
    test(`refuses random text for ${name} with nothing but an ODataError`, () => {
      fc.assert(
        fc.property(noise, (text) => {
          try {
            parse(text)
          } catch (error) {
            assert.ok(error instanceof ODataError, String(error))
            assert.ok((error.position ?? 0) <= text.length)
          }
        }),
        { numRuns: 1500 },
      )
    })
})
