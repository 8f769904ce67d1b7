import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { pagePolicy, redirectTargetSource } from './content-security-policy.ts'

describe('pagePolicy', () => {
  test('nothing is allowed beside the own stylesheet, images and forms, and no frame', () => {
    assert.equal(
      pagePolicy(),
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
  })

  test('the redirect target stands once beside self', () => {
    const policy = pagePolicy({ formAction: ['https://a.example', 'https://a.example', 'myapp:'] })
    assert.match(policy, /; form-action 'self' https:\/\/a\.example myapp:; /)
  })

  test('a source that could bend the policy is refused', () => {
    for (const source of [
      '*',
      "'unsafe-inline'",
      'https://a.example; script-src *',
      'https://a b',
      '',
      'https://*',
    ]) {
      assert.throws(() => pagePolicy({ formAction: [source] }), TypeError, source)
    }
  })
})

describe('redirectTargetSource', () => {
  const rows = [
    ['https://client.example/cb?x=1', 'https://client.example'],
    ['https://client.example:8443/cb', 'https://client.example:8443'],
    ['https://user@client.example/cb', 'https://client.example'],
    ['http://127.0.0.1:49152/cb', 'http://127.0.0.1:49152'],
    ['http://localhost:3000/cb', 'http://localhost:3000'],
    ['https://bücher.example/cb', 'https://xn--bcher-kva.example'],
    ['myapp:/cb', 'myapp:'],
    ['com.example.app:/oauth', 'com.example.app:'],
    ['myapp://host;x/cb', 'myapp:'],
  ] as const
  for (const [uri, source] of rows) {
    test(`${uri} is named as ${source}`, () => assert.equal(redirectTargetSource(uri), source))
  }

  test('a host that a policy cannot say is named by its scheme', () => {
    assert.equal(redirectTargetSource('http://[::1]:8080/cb'), 'http:')
    assert.equal(redirectTargetSource('https://a;script-src.example/cb'), 'https:')
    assert.equal(redirectTargetSource('https://*.example/cb'), 'https:')
  })

  test('a scheme that runs its own address is refused', () => {
    for (const uri of [
      'javascript:alert(1)',
      'JaVaScript:x',
      'data:text/html,x',
      'blob:x',
      'file:///x',
    ]) {
      assert.throws(() => redirectTargetSource(uri), TypeError, uri)
    }
  })

  test('whatever the URI, the policy keeps its six directives', () => {
    const scheme = fc.constantFrom('https://', 'http://', 'myapp:', 'my.app://')
    fc.assert(
      fc.property(scheme, fc.string({ unit: 'binary' }), (start, rest) => {
        fc.pre(URL.canParse(start + rest))
        const policy = pagePolicy({ formAction: [redirectTargetSource(start + rest)] })
        assert.equal(policy.split(/[;,]/).length, 6)
        assert.equal(/form-action ([^;]*)/.exec(policy)?.[1]?.split(' ').length, 2)
      }),
    )
  })
})
