import assert from 'node:assert/strict'
import { test } from 'node:test'
import { challengeOf } from '#oauth/pkce.ts'
import { Secret } from '#lib/secret.ts'
import { authorizeUrl } from './authorize-url.ts'

const application = {
  id: 17,
  tenantId: 303,
  dataStore: 63,
  name: 'A',
  description: '',
  clientId: 'a client & more',
  authorizeUri: 'https://store.example/authorize',
  tokenUri: 'https://store.example/token',
  scope: 'read offline_access',
  availableToTenants: false,
  revision: 1,
}

const request = {
  redirectUri: 'https://gate.example/hdpui/oauth2callback/303/17',
  state: new Secret('the-state'),
  verifier: new Secret('v'.repeat(43)),
}

const own = {
  response_type: 'code',
  client_id: 'a client & more',
  redirect_uri: request.redirectUri,
  scope: 'read offline_access',
  state: 'the-state',
  code_challenge: challengeOf('v'.repeat(43)),
  code_challenge_method: 'S256',
}

const parametersOf = (fields: Partial<typeof application> = {}): Record<string, string> => {
  const { searchParams } = new URL(authorizeUrl({ ...application, ...fields }, request))
  assert.equal(new Set(searchParams.keys()).size, [...searchParams.keys()].length)
  return Object.fromEntries(searchParams)
}

test('the request is the one of RFC 6749 section 4.1.1 with PKCE, and nothing else', () => {
  assert.deepEqual(parametersOf(), own)
})

test('without a scope none is sent', () => {
  const { scope: _, ...rest } = own
  assert.deepEqual(parametersOf({ scope: ' ' }), rest)
})

test('parameters of the registered URI stay, but for those that are ours to say', () => {
  const authorizeUri =
    'https://store.example/authorize?audience=api&state=fixed&state=more&redirect_uri=https://evil.example&response_type=token&code_challenge_method=plain'
  assert.deepEqual(parametersOf({ authorizeUri }), { audience: 'api', ...own })
})

test('Google is asked for a refresh token each time, by data store or by host, unless its URI says otherwise', () => {
  const google = { access_type: 'offline', prompt: 'consent' }
  const authorizeUri = 'https://accounts.google.com/o/oauth2/v2/auth'
  for (const fields of [{ dataStore: 54 }, { dataStore: 62 }, { authorizeUri }])
    assert.deepEqual(parametersOf(fields), { ...google, ...own })
  const chosen = `${authorizeUri}?prompt=select_account%20consent&hd=example.com`
  assert.deepEqual(parametersOf({ authorizeUri: chosen }), {
    ...google,
    ...own,
    prompt: 'select_account consent',
    hd: 'example.com',
  })
})
