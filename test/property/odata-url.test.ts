import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { CompareOperator, Literal, LiteralType, ODataExpression } from '#odata/ast.ts'
import { ODataError } from '#odata/errors.ts'
import { functions } from '#odata/functions.ts'
import { parseFilter } from '#odata/parse/filter.ts'
import { parseOrderBy } from '#odata/parse/order-by.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import { parseSelect } from '#odata/parse/select.ts'
import { renderExpression, renderKey, renderQueryOptions } from '#odata/render/url.ts'

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
  .map((name) => ({ kind: 'member', name, at: 0 }))

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
      kind: fc.constant('in' as const),
      operand: tie('tree'),
      items: fc.array(literals, { maxLength: 3 }),
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

const withoutPlaces = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, v: unknown) => {
      if (key === 'at') return undefined
      if (typeof v === 'bigint') return `${v}n`
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
        const path = `/Set${encodeURIComponent(renderKey([{ name: undefined, value }]))}`
        const parsed = parseResourcePath(path)
        assert.ok(parsed.kind === 'set')
        assert.deepEqual(withoutPlaces(parsed.key), withoutPlaces([{ value }]))
      }),
      runs,
    )
  })
  test('reads rendered query options back as the same options', () => {
    const options = fc.record({
      filter: fc.option(tree, { nil: undefined }),
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
      select: fc.constant(undefined),
      skipToken: fc.constant(undefined),
      format: fc.constant(undefined),
    })
    fc.assert(
      fc.property(options, (given) => {
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
    $orderby: parseOrderBy,
    $select: parseSelect,
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

type Case = {
  readonly grammar: string
  readonly Rule: string
  readonly Input: string
  readonly FailAt?: number
}

const file = new URL('../../../shared/odata/grammar-cases.json', import.meta.url)
const missing = existsSync(file) ? false : 'the OASIS cases are not on this machine'

const parsersOfRules: Readonly<Record<string, (input: string) => unknown>> = {
  boolCommonExpr: (input) => parseFilter(decodeURIComponent(input)),
  commonExpr: (input) => parseFilter(decodeURIComponent(input)),
  primitiveLiteral: (input) => parseFilter(decodeURIComponent(input)),
  stringLiteral: (input) => parseFilter(decodeURIComponent(input)),
  guid: parseFilter,
  null: parseFilter,
  boolean: parseFilter,
  filter: parseQueryOptions,
  orderby: parseQueryOptions,
  orderBy: parseQueryOptions,
  select: parseQueryOptions,
  queryOptions: parseQueryOptions,
  systemQueryOption: parseQueryOptions,
  resourcePath: (input) => parseResourcePath(`/${input}`),
  odataRelativeUri: (input) => {
    const [path = '', query = ''] = input.split('?', 2)
    parseResourcePath(`/${path}`)
    parseQueryOptions(query)
  },
}

// Not for us: a name that only a model tells from a function, a fragment, which no server ever sees, and
// several $format in one request, which Protocol 11.2.1 forbids.
const others: ReadonlySet<string> = new Set([
  'Items(1)',
  '$metadata#Customers(Address,Orders)',
  '$format=json&$Format=atom&$format=xml&$format=text/html',
  '$format=JSON&$format=Atom&$format=XML&$format=text/html',
])

// Wrong by the model only (a count of a count, a key that is no key): binding refuses them, not parsing.
const isModelMatter = (input: string): boolean =>
  /\/\$(count|ref)\/|\$value|\/Model|Model\.|\$entity|^Categories\/The/.test(input)

describe('the OASIS grammar cases', { skip: missing }, () => {
  const cases = missing ? [] : (JSON.parse(readFileSync(file, 'utf8')) as readonly Case[])
  const mine = cases.filter(
    ({ Rule, Input, grammar }) =>
      grammar === 'core' && Rule in parsersOfRules && !others.has(Input),
  )
  const outcome = ({ Rule, Input }: Case): string => {
    try {
      parsersOfRules[Rule]?.(Input)
      return 'accepted'
    } catch (error) {
      if (error instanceof ODataError) return error.kind
      throw error
    }
  }
  test('are accepted or answered 501 when they are right', () => {
    const right = mine.filter(({ FailAt }) => FailAt === undefined)
    const wrong = right.filter((item) => !['accepted', 'not-implemented'].includes(outcome(item)))
    assert.deepEqual(
      wrong.map(({ Rule, Input }) => `${Rule}: ${Input}`),
      [],
    )
    assert.ok(right.length > 200, `only ${right.length} cases`)
  })
  test('are refused when they are wrong', () => {
    const accepted = mine.filter(
      (item) =>
        item.FailAt !== undefined && !isModelMatter(item.Input) && outcome(item) === 'accepted',
    )
    assert.deepEqual(
      accepted.map(({ Rule, Input }) => `${Rule}: ${Input}`),
      [],
    )
  })
})
