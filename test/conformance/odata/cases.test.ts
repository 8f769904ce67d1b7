// The cases of the technical committee, read by our own parser. Whether a wrong case is wrong by itself or only
// because of what the names in it mean, the grammar says when any identifier may be any name; the second kind
// is refused where names are resolved.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createOracle, type Oracle } from './abnf/oracle.ts'
import { adapters } from './adapters.ts'
import { isSamePlace } from './exceptions.ts'
import { outcomeOf } from './judge.ts'
import { missing, namedGrammar, readPublished, type Case } from './oasis.ts'

/** Cases that our parser judges otherwise, by their input. */
const otherwise: Readonly<Record<string, string>> = {
  '$format=json&$Format=atom&$format=xml&$format=text/html':
    'a system query option is given once (OData 4.01 Protocol 11.2.1)',
  '$format=JSON&$format=Atom&$format=XML&$format=text/html':
    'a system query option is given once (OData 4.01 Protocol 11.2.1)',
  '$skiptoken=Not&this': 'an ampersand ends the option, and a custom one follows',
  "$entity?$id=http://myservice/Customers('ALFKI')&$select=CompanyName,ContactName&$expand=Orders":
    'path and query are read apart; what belongs together is known where they are bound',
}

/** Rules that no request is read with; the oracle alone judges their cases. */
const notRead: ReadonlySet<string> = new Set(
  [
    // Fragments are what a server writes.
    'context',
    // Values of a payload, which this server writes, and default values of CSDL, which it has not.
    'booleanValue dateTimeOffsetValue timeOfDayValue durationValue enumValue primitiveValue',
    'decimalValue doubleValue singleValue sbyteValue',
    // Header lines; a preference is a wish and never refused.
    'header request-id prefer preference includeAnnotationsPreference',
  ].flatMap((rules) => rules.split(' ')),
)

/** A whole URI is read from its service root on; before it is the operator's affair. */
const relative = (item: Case, named: Oracle): Case => {
  if (item.Rule !== 'odataUri' || item.FailAt !== undefined) return item
  const roots = [...named.covers('odataUri', item.Input)]
    .filter((part) => part.startsWith('serviceroot:'))
    .map((part) => part.length - 'serviceroot:'.length)
  return { ...item, Rule: 'odataRelativeUri', Input: item.Input.slice(Math.max(...roots)) }
}

describe('our parser', { skip: missing }, () => {
  const published = missing ? undefined : readPublished()
  const named = published && createOracle(namedGrammar(published, 'core'))
  const free = published && createOracle(published.grammar)
  const cases = (published?.cases ?? [])
    .map((item) => (named === undefined ? item : relative(item, named)))
    .filter(({ Input }) => !Object.hasOwn(otherwise, Input))

  const fault = (item: Case): string | undefined => {
    const reading = adapters.get(item.Rule)?.(item.Input)
    if (reading === undefined || free === undefined) return undefined
    const found = outcomeOf(reading.parse)
    if (item.FailAt === undefined) return found.kind === 'accepted' ? undefined : found.kind
    const { ok, failAt } = free.matches(item.Rule, item.Input)
    // Wrong by what the names mean: it may be noticed already, where the committee says so.
    if (ok && found.kind === 'accepted') return undefined
    if (found.kind === 'accepted') return 'accepted'
    const expected = reading.positionOf(ok ? item.FailAt : failAt)
    const isPlaced =
      found.position !== undefined &&
      expected !== undefined &&
      isSamePlace(reading.text, found.position, expected)
    return isPlaced ? undefined : `at ${found.position} instead of ${expected}`
  }
  const faults = (which: readonly Case[]) =>
    which.flatMap((item) => {
      const said = fault(item)
      return said === undefined ? [] : [`${item.Rule}: ${item.Input} (${said})`]
    })

  test('has a function for each rule of the cases but those that no request is read with', () => {
    const rules = new Set(cases.map(({ Rule }) => Rule))
    const without = [...rules].filter((rule) => !adapters.has(rule) && !notRead.has(rule))
    assert.deepEqual(without, ['odataUri'], 'a broken scheme never reaches the parser')
  })
  test('accepts every right case', () => {
    const right = cases.filter(({ FailAt, Rule }) => FailAt === undefined && adapters.has(Rule))
    assert.deepEqual(faults(right), [])
    assert.ok(right.length > 400, `only ${right.length}`)
  })
  test('refuses every wrong case where the grammar fails', () => {
    const wrong = cases.filter(({ FailAt, Rule }) => FailAt !== undefined && adapters.has(Rule))
    assert.deepEqual(faults(wrong), [])
    assert.ok(wrong.length > 30, `only ${wrong.length}`)
  })
  test('leaves to the model only what any name could make right', () => {
    const left = cases.filter(({ Rule, Input, FailAt }) => {
      const reading = FailAt === undefined ? undefined : adapters.get(Rule)?.(Input)
      return reading !== undefined && outcomeOf(reading.parse).kind === 'accepted'
    })
    assert.deepEqual(
      left.map(({ Input }) => Input),
      [
        'Categories/TheBestProduct()',
        'Categories(1)/Address/$value',
        'Categories(1)/Thumbnail/$value',
        'Products(1)/Model.BestSellingProduct/Model.BestSellingProduct',
        '$apply=aggregate(Amount as Total)',
        '$apply=aggregate(Amount)',
        '$apply=aggregate(Amount from Time with average as DailyAverage)',
        '$apply=groupby((Product/Price/Quantity))',
      ],
    )
  })
})
