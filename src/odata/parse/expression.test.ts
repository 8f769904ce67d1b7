import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ODataExpression } from '../ast.ts'
import { ODataError } from '../errors.ts'
import { renderExpression } from '../render/url.ts'
import { parseExpressionHere } from './expression.ts'
import { parseExpression, scan } from './grammar.ts'

const shown = (text: string) => renderExpression(parseExpression(text))

const refusalOf = (text: string): ODataError => {
  try {
    parseExpression(text)
  } catch (error) {
    if (error instanceof ODataError) return error
    throw error
  }
  throw new Error(`'${text.slice(0, 50)}' was accepted`)
}

describe('a filter', () => {
  test('binds and tighter than or and comparisons tighter than and', () => {
    const tree = parseExpression('a eq 1 or b gt 2 and c')
    assert.equal(tree.kind, 'or')
    assert.equal(shown('a eq 1 or b gt 2 and c'), 'a eq 1 or b gt 2 and c')
    assert.equal(shown('(a eq 1 or b gt 2) and c'), '(a eq 1 or b gt 2) and c')
  })
  test('binds not tighter than a comparison when no parentheses follow', () => {
    const tree = parseExpression('not a eq b')
    assert.equal(tree.kind === 'compare' && tree.left.kind, 'not')
  })
  test('binds relational operators tighter than eq when both stand in a row', () => {
    const tree = parseExpression('a eq b gt c')
    assert.equal(tree.kind === 'compare' && tree.operator, 'eq')
  })
  test('reads operators and functions in any case', () => {
    assert.equal(shown("Name EQ 'x' AND Contains(Name,'y')"), "Name eq 'x' and contains(Name,'y')")
  })
  test('reads a doubled quote as one', () => {
    const tree = parseExpression("a eq 'O''Neil'")
    assert.equal(
      tree.kind === 'compare' && tree.right.kind === 'literal' && tree.right.value,
      "O'Neil",
    )
  })
  test('keeps integers exact up to 64 bits and calls longer ones decimal', () => {
    const literal = (text: string) =>
      parseExpression(text) as Extract<ODataExpression, { kind: 'literal' }>
    assert.equal(literal('9223372036854775807').value, 9223372036854775807n)
    assert.equal(literal('9223372036854775808').type, 'decimal')
    assert.equal(literal('-9223372036854775808').value, -9223372036854775808n)
  })
  for (const [text, position] of [
    ['', 0],
    [' true', 0],
    ['a eq', 4],
    ['a eq ', 5],
    ["a eq 'x", 7],
    ['(a eq 1', 7],
    ['a eq 1)', 6],
    ['5abc', 0],
    ['a in (b,c)', 7],
    ['nope(a)', 6],
    ['any(x:x)', 3],
    ['Items/any(x)', 11],
    ['Items/all()', 10],
    ["a has 'Red", 10],
    ['a in [1', 7],
    ['cast(a,)', 7],
    ['case(a)', 6],
    ['-', 1],
    ['{"a"}', 4],
    ['["a\\x"]', 1],
    ["duration'P1M'", 9],
    ["binary'Z'", 7],
    ['@', 1],
    ['a/', 2],
    ['$root', 5],
    ['a+eq+1', 1],
    ['a eq 2001-02-30', 5],
    ['length(a eq 1', 13],
  ] as const)
    test(`is refused with 400 at position ${position} when it is '${text}'`, () => {
      const refusal = refusalOf(text)
      assert.equal(refusal.kind, 'bad-request')
      assert.equal(refusal.position, position)
      assert.match(refusal.message, new RegExp(`position ${position} of \\$filter`))
    })
  for (const text of [
    'a add 1 eq 2',
    '-a eq 1',
    '-(5) eq -5',
    '1 sub 2 sub 3 mul (4 add 5)',
    'indexof(a,b) eq 1',
    'a/b eq 1',
    'Items/any(d:d/x eq 1 and d/Sub/all(e:e/y in (1,2)))',
    'Items/any()',
    'Items/$count gt 2',
    'Items/$count($filter=x eq 1;$search=red) gt 2',
    'Items/$filter(x eq 1)/$count lt 3',
    '@p eq 1',
    '$it/a eq $this/b',
    "a has Ns.Color'Red,Blue'",
    'a in [b,c]',
    'a in @list',
    'a in ()',
    "duration'PT1S' eq a",
    "binary'Zg==' eq a",
    'Ns.f(a=1)/b',
    'now() gt a',
    '{"a":1,"b":[1,x]} eq a',
    'cast(a,Edm.String)',
    'isof(Ns.Special)',
    'case(a gt 0 : 1,true : 0)',
    'not (a and b)',
    '$root/Items(1)/Name eq Name',
    'Items/aggregate(x with sum) gt 5',
  ])
    test(`is read and rendered back when it is '${text}'`, () => assert.equal(shown(text), text))
  test('is refused when nested more than 100 deep', () => {
    assert.equal(shown(`${'('.repeat(40)}a${')'.repeat(40)}`), 'a')
    assert.match(refusalOf(`${'('.repeat(200)}a${')'.repeat(200)}`).message, /deep/)
    assert.match(refusalOf(`${'not ('.repeat(200)}a`).message, /deep/)
    assert.match(refusalOf(`a${' eq a'.repeat(300)}`).message, /in a row/)
  })
  test('keeps a chain of and flat, however long it is', () => {
    const tree = parseExpression(Array.from({ length: 5000 }, () => 'a').join(' and '))
    assert.equal(tree.kind === 'and' && tree.operands.length, 5000)
  })
})

describe('parsing', () => {
  const steps = (text: string): number => {
    const scanner = scan(text, '$filter')
    try {
      parseExpressionHere(scanner)
    } catch (error) {
      if (!(error instanceof ODataError)) throw error
    }
    return scanner.steps
  }
  const mega = 1_000_000
  const repeated = (part: string) => part.repeat(Math.ceil(mega / part.length))
  const inputs: readonly (readonly [string, string])[] = [
    ['parentheses', repeated('(')],
    ['words', repeated('a')],
    ['digits', repeated('1')],
    ['dashes', repeated('-1')],
    ['quotes', repeated("'")],
    ['spaces', `a${repeated(' ')}`],
    ['conjunctions', `a${repeated(' and a')}`],
    ['list items', `a in (1${repeated(',1')})`],
    ['arguments', `contains(a${repeated(',a')})`],
    ['nots', repeated('not ')],
    ['hex digits', repeated('abcdef12')],
  ]
  for (const [name, text] of inputs)
    test(`takes steps linear in the length of the text when it is 1 MB of ${name}`, () => {
      assert.ok(steps(text) <= 12 * text.length + 1000)
    })
  test('takes twice the steps when a chain is twice as long', () => {
    const one = steps(`a${' and (a eq 1)'.repeat(1000)}`)
    const two = steps(`a${' and (a eq 1)'.repeat(2000)}`)
    assert.ok(two < one * 2.1, `${one} → ${two}`)
  })
})
