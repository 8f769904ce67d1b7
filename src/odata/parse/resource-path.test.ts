import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ODataError } from '../errors.ts'
import { parseResourcePath } from './resource-path.ts'

const kindOf = (path: string): string => {
  try {
    parseResourcePath(path)
    return 'accepted'
  } catch (error) {
    if (error instanceof ODataError) return error.kind
    throw error
  }
}

describe('a resource path', () => {
  test('is the service document when it is empty or a slash', () => {
    assert.deepEqual(parseResourcePath(''), { kind: 'service' })
    assert.deepEqual(parseResourcePath('/'), { kind: 'service' })
  })
  test('reads one, several and quoted key values', () => {
    const key = (path: string) => {
      const parsed = parseResourcePath(path)
      const [first] = parsed.kind === 'resource' ? parsed.segments : []
      const args = first?.kind === 'name' ? first.args : undefined
      return args?.map(({ name, value }) => [name, value.kind === 'literal' && value.value])
    }
    assert.deepEqual(key('/A(10)'), [[undefined, 10n]])
    assert.deepEqual(key("/A('x')"), [[undefined, 'x']])
    assert.deepEqual(key("/A(K=1,B='x''y')"), [
      ['K', 1n],
      ['B', "x'y"],
    ])
    assert.deepEqual(key('/A(%27Smartphone%2FTablet%27)'), [[undefined, 'Smartphone/Tablet']])
  })
  test('means the same whether its characters are percent-encoded or not', () => {
    assert.deepEqual(parseResourcePath('/%24metadata'), parseResourcePath('/$metadata'))
    assert.deepEqual(parseResourcePath('/%46lights%281%29'), parseResourcePath('/Flights(1)'))
    assert.deepEqual(parseResourcePath('/A/%24count'), parseResourcePath('/A/$count'))
  })
  for (const [path, kind] of [
    ['/Flights/', 'bad-request'],
    ['//Flights', 'bad-request'],
    ['/Flights//$count', 'bad-request'],
    ['/Flights;a=b', 'bad-request'],
    ['/Flights%2F$count', 'bad-request'],
    ['/Flights(1);x', 'bad-request'],
    ['/Flights(1)(2)', 'bad-request'],
    ['/Flights( 1)', 'bad-request'],
    ['/Flights(1,2)', 'bad-request'],
    ['/Flights(A=1,2)', 'bad-request'],
    ['/Flights%', 'bad-request'],
    ['/Flights%ff', 'bad-request'],
    ['/Flights%00', 'bad-request'],
    ['/.', 'bad-request'],
    ['/../x', 'bad-request'],
    ["/Categories('a/b')", 'bad-request'],
    ['/$Metadata', 'not-found'],
    ['/$metadata/', 'bad-request'],
    ['/$metadata/x', 'not-found'],
    ['/$batch', 'accepted'],
    ['/$entity', 'accepted'],
    ['/$entity/Ns.A', 'accepted'],
    ['/$all', 'accepted'],
    ['/$crossjoin(A,B)', 'accepted'],
    ['/$crossjoin()', 'bad-request'],
    ['/A(@k)', 'accepted'],
    ['/A(b)', 'bad-request'],
    ['/A(K=1 add 2)', 'bad-request'],
    ['/Ns.F()', 'bad-request'],
    ['/A(1)/B/C(2)/$count', 'accepted'],
    ['/A/$filter(x eq 1)/$count', 'accepted'],
    ['/A/$filter(x eq 1', 'bad-request'],
    ['/A/$count/x', 'not-found'],
    ['/A/5', 'accepted'],
  ] as const)
    test(`is answered ${kind} when it is '${path}'`, () => assert.equal(kindOf(path), kind))
})
