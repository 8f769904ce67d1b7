import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  isBareHost,
  isLoopback,
  matchesRedirectUri,
  redirectHost,
  redirectOrigin,
  redirectUriFault,
} from './redirect-uri.ts'

test('web, loopback, private-use and bare-host redirects can be registered', () => {
  for (const uri of [
    'https://client.example/callback',
    'https://client.example',
    'https://client.example:8443/cb?tenant=7',
    'http://127.0.0.1/cb',
    'http://[::1]:4000/cb',
    'http://localhost:3000/cb',
    'com.example.app:/callback',
    'redirect.example',
    'redirect.example:8080/path',
  ])
    assert.equal(redirectUriFault(uri), undefined, uri)
})

test('T06 no scheme that runs code or reads files can be registered, in any case and behind any control character', () => {
  const schemes = [
    'javascript',
    'data',
    'vbscript',
    'file',
    'blob',
    'about',
    'view-source',
    'filesystem',
  ]
  const tails = [
    'alert(1)',
    '//alert(1)',
    '//%0aalert(1)',
    '1',
    '1/alert(1)',
    '80',
    'text/html,x',
    '///etc/passwd',
  ]
  const oddCase = (text: string): string =>
    Array.from(text)
      .map((c, i) => (i % 2 === 0 ? c.toUpperCase() : c))
      .join('')
  for (const scheme of schemes)
    for (const tail of tails)
      for (const uri of [
        `${scheme}:${tail}`,
        `${oddCase(scheme)}:${tail}`,
        `${scheme.toUpperCase()}:${tail}`,
      ]) {
        assert.notEqual(redirectUriFault(uri), undefined, uri)
        for (const before of ['\0', '\t', '\n', '\r', ' ', '\u0001', '\u001f', '\u00a0', '\ufeff'])
          assert.notEqual(redirectUriFault(before + uri), undefined, JSON.stringify(before + uri))
        assert.notEqual(redirectUriFault(`${uri.slice(0, 2)}\t${uri.slice(2)}`), undefined)
      }
})

test('T03 a wildcard cannot be registered anywhere in an address', () => {
  for (const uri of [
    '*',
    'https://*',
    'https://*.client.example/cb',
    'https://client.example/*',
    'https://client.example/cb?*',
    'https://client*.example/cb',
    'https://%2a.client.example/cb',
    'http://127.0.0.1:*/cb',
    '*.client.example',
    'myapp://*',
  ])
    assert.notEqual(redirectUriFault(uri), undefined, uri)
})

test('T18 a redirect that brings a parameter of the response along cannot be registered', () => {
  for (const name of [
    'code',
    'state',
    'iss',
    'error',
    'error_description',
    'error_uri',
    '%63ode',
    'st%61te',
  ])
    for (const uri of [
      `https://client.example/cb?${name}=x`,
      `https://client.example/cb?a=b&${name}`,
      `myapp://cb?${name}=x`,
    ])
      assert.match(redirectUriFault(uri) ?? 'accepted', /parameter/, uri)
})

test('T01 an address that two readers could understand differently cannot be registered', () => {
  for (const uri of [
    'https://user@client.example/cb',
    'https://user:pass@client.example/cb',
    'https://@client.example/cb',
    'https://client.example@@evil.example/cb',
    'https://client.example\\@evil.example/cb',
    'https:\\\\client.example/cb',
    'https:client.example/cb',
    'https:///client.example/cb',
    'https://client.example/a/../cb',
    'https://client.example/%2e%2e/cb',
    'https://client.example/./cb',
    'https://CLIENT.example/cb',
    'HTTPS://client.example/cb',
    'https://client.example:443/cb',
    'https://client.example:08443/cb',
    'https://b\u00fccher.example/cb',
    'https://client.example/c\tb',
    'https://client.example/cb#',
    'https://client.example/cb#x',
    'http://127.1/cb',
    'http://0x7f000001/cb',
    'http://2130706433/cb',
    'http://[::ffff:127.0.0.1]/cb',
    'http://[0:0:0:0:0:0:0:1]/cb',
    '//client.example/cb',
    '/cb',
    '',
    `https://client.example/${'a'.repeat(2000)}`,
  ])
    assert.notEqual(redirectUriFault(uri), undefined, uri)
})

test('T04 the port may vary for the two loopback addresses of a public client, and nothing else', () => {
  const matches = (registered: string, presented: string) =>
    matchesRedirectUri([registered], presented, 'public')
  assert.equal(matches('http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb'), true)
  assert.equal(matches('http://127.0.0.1:1/cb?a=b', 'http://127.0.0.1:65535/cb?a=b'), true)
  assert.equal(matches('http://[::1]/cb', 'http://[::1]:51004/cb'), true)
  for (const [registered, presented] of [
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb/'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/CB'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb?x=1'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb#x'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004'],
    ['http://127.0.0.1/cb', 'http://[::1]:51004/cb'],
    ['http://127.0.0.1/cb', 'https://127.0.0.1:51004/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:0/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:080/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:80/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:65536/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:5@evil.example/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:5.evil.example/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1.evil.example/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:/cb'],
    ['http://127.0.0.1/cb', 'http://127.1:5/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.2:5/cb'],
    ['http://127.0.0.1/cb', 'http://0.0.0.0:5/cb'],
    ['http://127.0.0.1/cb', 'http://localhost:5/cb'],
    ['http://127.0.0.1/cb', 'http://[::ffff:127.0.0.1]:5/cb'],
    ['http://127.0.0.1/cb', 'HTTP://127.0.0.1:5/cb'],
    ['http://localhost/cb', 'http://localhost:5/cb'],
    ['http://localhost:3000/cb', 'http://localhost:3001/cb'],
    ['http://0.0.0.0/cb', 'http://0.0.0.0:5/cb'],
    ['https://127.0.0.1/cb', 'https://127.0.0.1:5/cb'],
    ['https://client.example/cb', 'https://client.example:5/cb'],
  ] as const)
    assert.equal(matches(registered, presented), false, `${presented} for ${registered}`)
})

test('T04 the port of a confidential client never varies', () => {
  assert.equal(
    matchesRedirectUri(['http://127.0.0.1/cb'], 'http://127.0.0.1:5/cb', 'confidential'),
    false,
  )
  assert.equal(
    matchesRedirectUri(['http://127.0.0.1/cb'], 'http://127.0.0.1/cb', 'confidential'),
    true,
  )
})

test('a registered name localhost is matched byte for byte', () => {
  for (const type of ['public', 'confidential'] as const)
    assert.equal(
      matchesRedirectUri(['http://localhost:3000/cb'], 'http://localhost:3000/cb', type),
      true,
    )
})

test('a bare host never matches, not even itself', () => {
  for (const host of ['redirect.example', 'redirect.example/cb', 'localhost:8080'])
    assert.equal(matchesRedirectUri([host], host, 'public'), false)
  assert.equal(isBareHost('https://redirect.example'), false)
})

test('whatever can be registered and is no bare host matches itself and has a host or scheme to show', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.webUrl()), (uri) => {
      if (redirectUriFault(uri) !== undefined || isBareHost(uri)) return
      assert.equal(matchesRedirectUri([uri], uri, 'confidential'), true)
      assert.equal(redirectHost(uri), new URL(uri).host)
      assert.equal(redirectOrigin(uri), new URL(uri).origin)
    }),
  )
})

test('T16 everything that leads back to this computer counts as loopback, whatever its spelling', () => {
  for (const uri of [
    'http://127.0.0.1/cb',
    'http://127.0.0.1:5/cb',
    'http://[::1]:5/cb',
    'http://localhost:3000/cb',
    'http://localhost?x=1',
    'https://localhost/cb',
    'https://127.0.0.1/cb',
    'http://127.8.8.8/cb',
    'http://0.0.0.0:3000/cb',
    'http://[::]/cb',
    'http://[::ffff:7f00:1]/cb',
    'http://localhost./cb',
    'http://app.localhost:3000/cb',
  ])
    assert.equal(isLoopback(uri), true, uri)
  for (const uri of [
    'https://client.example/cb',
    'https://localhost.example/cb',
    'https://127.0.0.1.example/cb',
    'https://client.example/localhost',
    'https://notlocalhost/cb',
    'com.example.app:/localhost',
  ])
    assert.equal(isLoopback(uri), false, uri)
})

test('the host shown for a private-use scheme is the scheme, and it has no web origin', () => {
  assert.equal(redirectHost('com.example.app:/cb'), 'com.example.app')
  assert.equal(redirectHost('com.example.app://client.example/cb'), 'com.example.app')
  assert.equal(redirectHost('https://client.example:8443/cb'), 'client.example:8443')
  assert.equal(redirectOrigin('com.example.app:/cb'), undefined)
  assert.equal(redirectOrigin('redirect.example'), undefined)
})

test('a URI that two readers split differently cannot be registered (T01)', () => {
  for (const uri of [
    'h0ttp:/.//127.0.0.1:4321/callback',
    'myapp:/../x',
    'myapp:/a/./b',
    'myapp:/a/..',
  ])
    assert.match(redirectUriFault(uri) ?? '', /dot segments|plain form/, uri)
})
