import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OAuthError } from '../errors.ts'
import { isBareHost, redirectUriFault } from '../redirect-uri.ts'
import { errorLocation, successLocation } from './response.ts'

const issuer = 'https://gate.example'
const redirects = fc
  .oneof(
    fc.webUrl({ withQueryParameters: true }),
    fc.webUrl(),
    fc.constantFrom(
      'https://client.example/cb?a=1&b=x%26code%3Dy',
      'https://client.example/cb?',
      'https://client.example/cb?a&',
      'myapp:/cb',
      'myapp://cb?a=1',
    ),
  )
  .filter((uri) => redirectUriFault(uri) === undefined && !isBareHost(uri))
const states = fc.option(fc.string({ unit: 'binary', minLength: 1 }), { nil: undefined })

const onlyOne = (location: string, name: string): string | undefined => {
  const values = new URL(location).searchParams.getAll(name)
  assert.ok(values.length <= 1, `${name} ${values.length} times in ${location}`)
  return values[0]
}

test('T17, T18 a success has one code, one state and one iss, and keeps the registered address in front', () => {
  fc.assert(
    fc.property(redirects, states, (redirectUri, state) => {
      const location = successLocation({ redirectUri, state }, 'the-code', issuer)
      assert.ok(location.startsWith(redirectUri))
      assert.equal(onlyOne(location, 'code'), 'the-code')
      assert.equal(onlyOne(location, 'state'), state?.toWellFormed())
      assert.equal(onlyOne(location, 'iss'), issuer)
      assert.equal(onlyOne(location, 'error'), undefined)
      assert.equal(new URL(location).origin, new URL(redirectUri).origin)
    }),
  )
})

test('T17, T18 a refusal has one error, one state and one iss, and no code', () => {
  fc.assert(
    fc.property(redirects, states, fc.string({ minLength: 1 }), (redirectUri, state, message) => {
      const error = new OAuthError('invalid_request', message)
      const location = errorLocation({ redirectUri, state }, error, issuer)
      assert.ok(location.startsWith(redirectUri))
      assert.equal(onlyOne(location, 'error'), 'invalid_request')
      assert.equal(onlyOne(location, 'error_description'), message)
      assert.equal(onlyOne(location, 'state'), state?.toWellFormed())
      assert.equal(onlyOne(location, 'iss'), issuer)
      assert.equal(onlyOne(location, 'code'), undefined)
    }),
  )
})

test('a location is one line of ASCII whatever the state holds, so that it cannot add a header', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (state) => {
      const location = successLocation(
        { redirectUri: 'https://client.example/cb', state },
        'the-code',
        issuer,
      )
      assert.match(location, /^[\x21-\x7e]+$/)
    }),
  )
})
