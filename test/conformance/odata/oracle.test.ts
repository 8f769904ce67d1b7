// The oracle is proven first: it must give the verdict of the technical committee on each of its cases.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { missingRules } from './abnf/grammar.ts'
import { createOracle } from './abnf/oracle.ts'
import { missing, namedGrammar, readPublished } from './oasis.ts'

describe('the published grammar', { skip: missing }, () => {
  const published = missing ? undefined : readPublished()
  const oracles = published && {
    core: createOracle(namedGrammar(published, 'core')),
    aggregation: createOracle(namedGrammar(published, 'aggregation')),
  }
  const cases = published?.cases ?? []

  test('uses no rule that it does not define', () => {
    assert.ok(published)
    assert.deepEqual(missingRules(published.grammar), [])
  })
  test('accepts each right case of the committee, and fails in each wrong one at the place they say', () => {
    assert.ok(oracles)
    const wrong = cases.flatMap((item) => {
      const { ok, failAt } = oracles[item.grammar].matches(item.Rule, item.Input)
      const right = item.FailAt === undefined ? ok : !ok && failAt === item.FailAt
      return right ? [] : [`${item.Rule}: ${item.Input} (${ok ? 'accepted' : failAt})`]
    })
    assert.deepEqual(wrong, [])
    assert.equal(cases.length, 531)
  })
  test('reads the parts of a case as the rules that the committee expects', () => {
    assert.ok(oracles)
    const expected = cases.filter(({ Expect }) => Expect !== undefined)
    const wrong = expected.flatMap((item) => {
      const covered = oracles[item.grammar].covers(item.Rule, item.Input)
      return (item.Expect ?? [])
        .filter((part) => !covered.has(part.replace(/^[^:]*/, (rule) => rule.toLowerCase())))
        .map((part) => `${item.Input}: ${part}`)
    })
    assert.deepEqual(wrong, [])
    assert.equal(expected.length, 17)
  })
})
