import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createGenerator } from './generate.ts'
import { missingRules, readAbnf, withNames, withoutWords } from './grammar.ts'
import { createOracle } from './oracle.ts'

const sums = readAbnf(`
; a comment; with "=" in it
sum    = term *( ( "+" / "-" ) ; the operators
         term )
term   = 1*2DIGIT / "(" sum ")" / [ %s"N" ] "x" / %x41.42
digit  = %x30-39
`)

const verdict = (rule: string, input: string, grammar = sums) => {
  const { ok, failAt } = createOracle(grammar).matches(rule, input)
  return ok ? 'ok' : failAt
}

describe('a grammar in ABNF', () => {
  for (const [input, expected] of [
    ['1', 'ok'],
    ['12+(3-x)', 'ok'],
    ['X-Nx', 'ok'],
    ['nx', 0],
    ['AB', 'ok'],
    ['Ab', 0],
    ['123', 2],
    ['1+', 2],
    ['(1', 2],
    ['1 ', 1],
    ['', 0],
  ] as const)
    test(`says ${expected} to '${input}'`, () => {
      assert.equal(verdict('Sum', input), expected)
    })
  test('follows every alternative, whatever their order', () => {
    const grammar = readAbnf('a = b c\nb = "x" / "xy"\nc = "z" / "yz!"')
    for (const input of ['xz', 'xyz', 'xyz!', 'xyyz!'])
      assert.equal(verdict('a', input, grammar), 'ok', input)
  })
  test('is extended with =/ and replaced by a later text', () => {
    const extended = readAbnf('term =/ "?"', sums)
    assert.equal(verdict('sum', '1+?', extended), 'ok')
    assert.equal(verdict('sum', '1', extended), 'ok')
    assert.equal(verdict('sum', '1', readAbnf('term = "?"', sums)), 0)
    assert.throws(() => readAbnf('a = "x"\na = "y"'), /defined twice/)
  })
  test('matches a restricted rule whole, and only what is listed', () => {
    const named = withNames(readAbnf('path = name *( "/" name )\nname = 1*%x61-7A'), {
      Name: ['a', 'abc'],
    })
    assert.equal(verdict('path', 'abc/a', named), 'ok')
    assert.equal(verdict('path', 'a/ab', named), 4)
  })
  test('has reserved words where it is told to, in any case, but not at the beginning of a longer name', () => {
    const reserving = withoutWords(readAbnf('call = name "()"\nname = 1*%x41-7A'), {
      name: ['Any'],
    })
    assert.equal(verdict('call', 'anything()', reserving), 'ok')
    assert.equal(verdict('call', 'aNy()', reserving), 3)
  })
  test('names the rules that are missing, and refuses to begin with itself', () => {
    assert.deepEqual(missingRules(readAbnf('a = b / "c" *d')), ['b', 'd'])
    assert.throws(() => verdict('a', 'x', readAbnf('a = a "x" / "x"')), /begins with itself/)
    assert.throws(() => readAbnf('a = "x" )'), /expected/)
  })
  test('counts characters outside the basic plane as two', () => {
    assert.equal(verdict('a', '😀!', readAbnf('a = %x1F600 "?"')), 2)
  })
  test('says which rules cover which part in some reading', () => {
    const found = createOracle(sums).covers('sum', '1+(2-x)')
    for (const part of ['term:1', 'term:(2-x)', 'sum:2-x', 'digit:2'])
      assert.ok(found.has(part), part)
    assert.equal(found.has('sum:1+'), false)
  })
})

describe('a generator', () => {
  const decisions = fc.array(fc.nat(1000), { maxLength: 40 })
  test('writes nothing that the oracle refuses', () => {
    const generate = createGenerator(sums)
    const oracle = createOracle(sums)
    fc.assert(
      fc.property(decisions, (numbers) => {
        const text = generate('sum', numbers)
        assert.ok(oracle.matches('sum', text).ok, text)
      }),
      { numRuns: 300 },
    )
  })
  test('takes the cheapest way to an end when no decision is left', () => {
    assert.equal(createGenerator(sums)('sum', []), 'x')
    assert.equal(createGenerator(readAbnf('a = "(" a ")" / "xyz"'))('a', []), 'xyz')
  })
  test('goes no deeper than allowed', () => {
    const text = createGenerator(readAbnf('a = "x" / "(" a ")"'), { depth: 5, repeats: 3 })(
      'a',
      Array.from({ length: 100 }, () => 1),
    )
    assert.equal(text, '(((((x)))))')
  })
  test('refuses a rule that has no finite text', () => {
    assert.throws(() => createGenerator(readAbnf('a = "x" a'))('a', []), /no finite text/)
  })
})
