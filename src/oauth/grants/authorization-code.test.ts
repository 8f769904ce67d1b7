import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, CodeRecord } from '../model.ts'
import { challengeOf } from '../pkce.ts'
import { judgeCode } from './authorization-code.ts'

const client: Client = {
  applicationId: 7,
  clientId: 'c',
  type: 'public',
  name: 'C',
  redirectUris: [],
  grantTypes: ['authorization_code'],
  rotatesRefreshTokens: false,
  enabled: true,
  secrets: [],
}
const verifier = 'v'.repeat(43)
const now = 1_000_000
const record: CodeRecord = {
  applicationId: 7,
  redirectUri: 'https://c.example/',
  codeChallenge: challengeOf(verifier),
  validUntil: now + 1,
  redeemed: false,
  userActive: true,
}
const right = {
  client,
  redirectUri: 'https://c.example/',
  verifier: verifier as string | undefined,
}
const judge = (change: Partial<CodeRecord>, presented: Partial<typeof right> = {}) =>
  judgeCode({ ...record, ...change }, { ...right, ...presented }, now).kind

test('T28: the table of what becomes of a code', () => {
  const stranger = { client: { ...client, applicationId: 8 } }
  const elsewhere = { redirectUri: 'https://c.example' }
  const guessed = { verifier: 'w'.repeat(43) }
  assert.equal(judge({}), 'issue')
  assert.equal(judge({}, stranger), 'refuse')
  assert.equal(judge({}, elsewhere), 'refuse')
  assert.equal(judge({}, guessed), 'end')
  assert.equal(judge({}, { verifier: undefined }), 'end')
  assert.equal(judge({ codeChallenge: undefined }), 'end')
  assert.equal(judge({ codeChallenge: undefined }, { verifier: undefined }), 'issue')
  assert.equal(judge({ validUntil: now }), 'refuse')
  assert.equal(judge({ userActive: false }), 'refuse')
  // A stranger's mistakes come first: with two of them, nothing is burned.
  assert.equal(judge({}, { ...stranger, ...guessed }), 'refuse')
  assert.equal(judge({}, { ...elsewhere, ...guessed }), 'refuse')
})

test('T24: of second uses only one with everything right ends the chain', () => {
  const used = { redeemed: true }
  assert.equal(judge(used), 'end')
  assert.equal(judge({ ...used, validUntil: now - 1e9 }), 'end')
  assert.equal(judge(used, { verifier: 'w'.repeat(43) }), 'refuse')
  assert.equal(judge(used, { client: { ...client, applicationId: 8 } }), 'refuse')
  assert.equal(judge(used, { redirectUri: 'https://x.example/' }), 'refuse')
})
