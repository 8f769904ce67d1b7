import assert from 'node:assert/strict'
import { test } from 'node:test'
import { challengeOf, isVerified, parseChallenge } from './pkce.ts'

const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const parse = (fields: Record<string, string>, type: 'public' | 'confidential' = 'confidential') =>
  parseChallenge(new Map(Object.entries(fields)), type)

test('the example of RFC 7636 appendix B holds', () => {
  assert.equal(challengeOf(verifier), challenge)
  assert.equal(isVerified(challenge, verifier), true)
})

test('T27: challenge and verifier come together or not at all', () => {
  assert.equal(isVerified(undefined, undefined), true)
  assert.equal(isVerified(undefined, verifier), false)
  assert.equal(isVerified(challenge, undefined), false)
  assert.equal(isVerified(challenge, challenge), false)
})

test('T27: a verifier of the wrong length or alphabet is refused before it is hashed', () => {
  for (const wrong of [
    '',
    'x'.repeat(42),
    'x'.repeat(129),
    `${'x'.repeat(42)}é`,
    `${'x'.repeat(42)}+`,
  ])
    assert.equal(isVerified(challengeOf(wrong), wrong), false, wrong)
  for (const right of ['x'.repeat(43), 'x'.repeat(128), `${'x'.repeat(40)}-._~`])
    assert.equal(isVerified(challengeOf(right), right), true, right)
})

test('T27: only S256 is taken, and public clients must use it', () => {
  const method = { code_challenge_method: 'S256' }
  assert.equal(parse({ code_challenge: challenge, ...method }), challenge)
  assert.equal(parse({}), undefined)
  assert.throws(() => parse({}, 'public'), /code_challenge is missing/)
  assert.throws(() => parse({ code_challenge: challenge }), /must be S256/)
  assert.throws(() => parse({ code_challenge: challenge, code_challenge_method: 'plain' }), /S256/)
  assert.throws(() => parse(method), /without code_challenge/)
  assert.throws(() => parse({ code_challenge: `${challenge}A`, ...method }), /43 characters/)
})
