// Random filters over one table, for engines that run them: what they push down must find what `evaluate` finds.
import fc from 'fast-check'
import { encodeQueryText } from '#odata/render/url.ts'

export const texts = ['', 'a', 'B', 'b', 'äÖ', 'ab', 'bA', "o'x", '%', '_a', '😀', '\uffee', null]
export const integers = [0, 1, -1, 5, 2_000_000, null]
export const bigs = [9007199254740993n, 9007199254740992n, -9223372036854775808n, 0n, null]
export const doubles = [0.1, -2.5, 1e300, 3, null]
export const decimals = ['0.10', '-2.50', '9007199254740993.00', '3.00', null]
export const stamps = [
  '2001-01-01T00:00:00Z',
  '2001-01-01T02:00:00+02:00',
  '2024-02-29T23:59:59.999Z',
  '1969-12-31T23:59:59Z',
  null,
]
export const dates = ['2001-01-01', '1999-12-31', '2024-02-29', null]
export const clocks = ['00:00:00', '12:30:00.5', '23:59:59.999', null]
export const guids = [
  '00000000-0000-0000-0000-000000000000',
  '0f8fad5b-d9cb-469f-a165-70867728950e',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  null,
]

/** The value at a place of a list that goes on for ever. */
export const at = <T>(list: readonly T[], i: number): T => list[i % list.length] as T

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
const literals = (values: readonly (string | null)[]) => values.map((value) => value ?? 'null')

const text = fc.oneof(
  fc.constantFrom('t', 'c', 'e'),
  fc.constantFrom(...texts).map((value) => (value === null ? 'null' : quoted(value))),
  fc.constantFrom('tolower(t)', 'toupper(t)', "tolower('ÄB')"),
  fc.constantFrom(
    'concat(t,e)',
    'trim(t)',
    'substring(t,1)',
    'substring(t,0,1)',
    'substring(t,-1)',
  ),
  fc.constantFrom("case(n gt 0 : t,true : 'x')", 'cast(n,Edm.String)'),
)
const number = fc.oneof(
  fc.constantFrom('n', 'm', 'b', 'd', 'x', 'r', 'id'),
  fc.constantFrom('length(t)', 'year(at)', 'month(day)', 'day(ts)', 'null'),
  fc.constantFrom('0', '1', '-1', '5', '2.5', '-2.5', '0.1', '1e0', '-INF'),
  fc.constantFrom('9007199254740993', '9007199254740992.0'),
  // Whole numbers alone: what is a fraction is exact in some engines, and in others not.
  fc.constantFrom(
    'n add m',
    'm mul 2',
    'n sub id',
    'n div 2',
    'n mod 3',
    '-m',
    'm div 0',
    '(n add 1) mul m',
  ),
  fc.constantFrom(
    "indexof(t,'b')",
    'hour(at)',
    'minute(clock)',
    'second(ts)',
    'case(f : m,n gt 1 : 7)',
  ),
)
const stamp = fc.oneof(fc.constantFrom('at', 'ts'), fc.constantFrom(...literals(stamps)))
const date = fc.constantFrom('day', 'date(at)', '2000-01-01', ...literals(dates))
const clock = fc.constantFrom('clock', 'time(ts)', ...literals(clocks))
const guid = fc.constantFrom('g', ...literals(guids))
const flag = fc.constantFrom('f', 'true', 'false', 'null')
const operator = fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le')

const compare = (operand: fc.Arbitrary<string>) =>
  fc.tuple(operand, operator, operand).map(([a, o, b]) => `${a} ${o} ${b}`)
const listed = (operand: fc.Arbitrary<string>, items: readonly string[]) =>
  fc
    .tuple(operand, fc.array(fc.constantFrom(...items), { maxLength: 3 }))
    .map(([a, list]) => `(${a}) in (${list.join(',')})`)

/**
 * Conditions over the properties `id m` (never null), `t c e` (text), `n b d x r` (numbers), `at ts` (stamps), `day`, `clock`,
 * `g` (Guid) and `f` (Boolean).
 */
export const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    compare(text),
    compare(number),
    compare(stamp),
    compare(date),
    compare(clock),
    compare(guid),
    compare(flag),
    flag,
    listed(text, ["'a'", "'B'", 'null']),
    listed(number, ['0', '1', '2.5', 'null']),
    fc.tuple(number, number, number).map(([a, b, c]) => `(${a}) in [${b},${c}]`),
    fc
      .tuple(fc.constantFrom('contains', 'startswith', 'endswith'), text, text)
      .map(([f, a, b]) => `${f}(${a},${b})`),
    tie('condition').map((c) => `not (${c})`),
    fc
      .tuple(tie('condition'), fc.constantFrom('and', 'or'), tie('condition'))
      .map(([a, o, b]) => `(${a}) ${o} (${b})`),
    fc
      .tuple(tie('condition'), fc.constantFrom('eq', 'ne', 'gt', 'le'), flag)
      .map(([a, o, b]) => `(${a}) ${o} ${b}`),
  ),
}))

/** Orders of one to three items, as the value of `$orderby`. */
export const orders = fc
  .uniqueArray(
    fc
      .tuple(
        fc.constantFrom(
          ...'t c e n m b d x r at ts day clock g f length(t) tolower(t) year(at)'.split(' '),
        ),
        fc.boolean(),
      )
      .map(([name, descending]) => (descending ? `${name} desc` : name)),
    { minLength: 1, maxLength: 3, selector: (item) => item.split(' ')[0] },
  )
  .map((items) => encodeQueryText(items.join(',')))
