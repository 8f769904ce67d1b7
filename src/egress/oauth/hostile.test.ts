import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Secret } from '#lib/secret.ts'
import { createAuthority } from '#test/support/certificate.ts'
import {
  type Behaviour,
  goodTokens,
  json,
  type Misbehaviour,
  startHostileUpstream,
} from '#test/support/hostile-upstream.ts'
import { createAddressPolicy } from '../address-policy.ts'
import { createOutbound } from '../client.ts'
import { UpstreamError, type UpstreamFault } from '../upstream-error.ts'
import { createTokenClient } from './token-client.ts'

// The token client and the client of all outbound HTTP together, against an upstream that does everything wrong.

const upstream = await startHostileUpstream()
const authority = createAuthority()
const expired = await startHostileUpstream({
  tls: authority.issue({
    hosts: ['127.0.0.1'],
    from: new Date('2020-01-01'),
    until: new Date('2021-01-01'),
  }),
})
const addresses = createAddressPolicy(['127.0.0.1'])
const outbound = createOutbound({ addresses, limits: { timeout: 2000 } })
const impatient = createOutbound({ addresses, limits: { timeout: 150 } })
after(async () => {
  for (const { close } of [outbound, impatient, upstream, expired]) await close()
})

let lane = 0

const errorOf = async (tokenUri: string, by = outbound): Promise<UpstreamError> => {
  const registration = { clientId: 'us', clientSecret: new Secret('s'), tokenUri }
  const grant = { type: 'refresh_token', refreshToken: new Secret('rt') } as const
  try {
    // A lane of its own: what one behaviour asked for is not to hold up the next.
    await createTokenClient(by, addresses).request({ ...registration, lane: `${lane++}` }, grant)
  } catch (error) {
    assert.ok(error instanceof UpstreamError, String(error))
    return error
  }
  return assert.fail('the answer was taken')
}

const faults: Readonly<Record<Misbehaviour, UpstreamFault>> = {
  html: 'malformed',
  'tokens as HTML': 'malformed',
  large: 'too-large',
  'announced as large': 'too-large',
  silent: 'timed-out',
  'silent after the head': 'timed-out',
  drip: 'timed-out',
  failing: 'failing',
  unavailable: 'throttled',
  throttling: 'throttled',
  elsewhere: 'redirected',
  'elsewhere here': 'redirected',
  'a list': 'malformed',
  'half a JSON': 'malformed',
  'no token': 'malformed',
  'cut short': 'unreachable',
  reset: 'unreachable',
  hangup: 'unreachable',
  'another protocol': 'malformed',
  'a head without end': 'too-large',
  compressed: 'malformed',
  'another length': 'malformed',
  'another protocol after all': 'unreachable',
}

test('whatever an upstream does, a token request ends in the class of it, sent once', async () => {
  for (const [name, fault] of Object.entries(faults)) {
    upstream.behave(name as Misbehaviour)
    const before = upstream.received.length
    const error = await errorOf(upstream.origin, fault === 'timed-out' ? impatient : outbound)
    assert.equal(error.fault, fault, name)
    assert.equal(error.retryAfterSeconds, fault === 'throttled' ? 7 : undefined, name)
    assert.equal(upstream.received.length, before + 1, name)
  }
})

test('a token for somebody else, and a server that is not who it says, have their class', async () => {
  const claims = { iss: 'https://idp.example', sub: '1', aud: 'somebody else' }
  const id_token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
  const foreign: Behaviour = json({ ...goodTokens, id_token })
  upstream.behave(foreign)
  assert.equal((await errorOf(upstream.origin)).fault, 'other-account')
  assert.equal((await errorOf(expired.origin)).fault, 'certificate')
  assert.equal(expired.received.length, 0)
})
