import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ODataError } from '../errors.ts'
import { parseQueryOptions } from './query-options.ts'

const kindOf = (query: string): string => {
  try {
    parseQueryOptions(query)
    return 'accepted'
  } catch (error) {
    if (error instanceof ODataError) return error.kind
    throw error
  }
}

describe('query options', () => {
  test('are read alike with an encoded dollar, without one, and in any case', () => {
    const plain = parseQueryOptions('$top=5&$orderby=Name desc')
    for (const query of [
      '%24top=5&%24orderby=Name%20desc',
      'top=5&orderby=Name desc',
      '$TOP=5&$OrderBy=Name desc',
    ])
      assert.deepEqual(parseQueryOptions(query), plain)
  })
  test('read several orderings, with and without direction', () => {
    const { orderBy } = parseQueryOptions('$orderby=a,b desc, length(c) asc')
    assert.deepEqual(
      orderBy?.map(({ descending }) => descending),
      [false, true, false],
    )
  })
  test('split before they decode', () => {
    const { filter } = parseQueryOptions("$filter=a eq 'x%26$top%3D1'")
    assert.equal(
      filter?.kind === 'compare' && filter.right.kind === 'literal' && filter.right.value,
      'x&$top=1',
    )
  })
  test('ignore custom options', () => assert.equal(kindOf('foo=1&bar&=x&a=1&a=2'), 'accepted'))
  for (const [query, kind] of [
    ['$top=1&$top=2', 'bad-request'],
    ['$top=1&top=2', 'bad-request'],
    ['$nope=1', 'bad-request'],
    ['$inlinecount=allpages', 'bad-request'],
    ['$top=-1', 'bad-request'],
    ['$top=', 'bad-request'],
    ['$top=1e3', 'bad-request'],
    ['$skip=x', 'bad-request'],
    ['$count=yes', 'bad-request'],
    ['$explain=yes', 'bad-request'],
    ['$explain=', 'bad-request'],
    ['$explain=true&$Explain=false', 'bad-request'],
    ['$EXPLAIN=True', 'accepted'],
    ['explain=anything', 'accepted'],
    ['$select=', 'bad-request'],
    ['$select=a,,b', 'bad-request'],
    ['$select=a b', 'bad-request'],
    ['$orderby=a up', 'bad-request'],
    ['$orderby=', 'bad-request'],
    ['$filter=', 'bad-request'],
    ['$filter=a%', 'bad-request'],
    ['$expand=a', 'accepted'],
    ['expand=a($top=5;$expand=b/$ref;@x=1)', 'accepted'],
    ['$expand=a/$ref($select=b)', 'bad-request'],
    ['$expand=a/$count($top=1)', 'bad-request'],
    ['$expand=a($top=1;$top=2)', 'bad-request'],
    ['$expand=a($levels=0)', 'bad-request'],
    ['$expand=a($levels=max),*', 'accepted'],
    ['$expand=a(', 'bad-request'],
    ['$expand=a($nope=1)', 'bad-request'],
    ['$search=a', 'accepted'],
    ['$search=(NOT a) OR "b c"', 'accepted'],
    ['$search=a;b', 'bad-request'],
    ['$search=a%3Bb', 'accepted'],
    ['$search="a', 'bad-request'],
    ['$apply=aggregate(a with sum as b)', 'accepted'],
    ['$apply=groupby((a,rollup(b,c)),topcount(2,d)/aggregate($count as n))', 'accepted'],
    ['$apply=aggregate(a with sum)', 'bad-request'],
    ['$apply=nope(a)', 'bad-request'],
    ['$apply=concat(identity)', 'bad-request'],
    ['$compute=a as b', 'accepted'],
    ['$compute=a', 'bad-request'],
    ['$deltatoken=1', 'accepted'],
    ['$index=1', 'accepted'],
    ['$index=one', 'bad-request'],
    ['$levels=1', 'bad-request'],
    ['$schemaversion=1', 'accepted'],
    ['@a=1', 'accepted'],
    ['@a=1&@a=2', 'bad-request'],
    ['@a=', 'bad-request'],
    ['@1=1', 'bad-request'],
    ['timezone=Europe/Berlin', 'accepted'],
    ['timezone=Europe/Berln', 'bad-request'],
    ['timezone=IST', 'bad-request'],
    ['timezone=GMT&timezone=GMT', 'bad-request'],
    ['timezone=GMT', 'accepted'],
    ['$select=a/b', 'accepted'],
    ['$select=Ns.*', 'accepted'],
    ['$select=a($top=5;$orderby=b)', 'accepted'],
    ['$select=f(x,y)', 'accepted'],
  ] as const)
    test(`are answered ${kind} when they are '${query}'`, () => assert.equal(kindOf(query), kind))
})
