import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, RefreshRecord } from '../model.ts'
import { judgeRefresh, replayWindow } from './refresh-token.ts'

const client: Client = {
  applicationId: 7,
  clientId: 'c',
  type: 'public',
  name: 'C',
  redirectUris: [],
  grantTypes: ['authorization_code', 'refresh_token'],
  rotatesRefreshTokens: false,
  enabled: true,
  secrets: [],
}
const now = 1_000_000
const record: RefreshRecord = {
  grantType: 'authorization_code',
  applicationId: 7,
  scope: 's',
  expiresAt: now + 1,
  generation: 3,
  chainGeneration: 3,
  rotatedAt: undefined,
  userActive: true,
}
const judge = (change: Partial<RefreshRecord>, of: Partial<Client> = {}, scope = 's') =>
  judgeRefresh({ ...record, ...change }, { client: { ...client, ...of }, scope }, now).kind

test('T29: public clients rotate, confidential ones when they ask for it', () => {
  assert.equal(judge({}), 'rotate')
  assert.equal(judge({}, { type: 'confidential' }), 'issue')
  assert.equal(judge({}, { type: 'confidential', rotatesRefreshTokens: true }), 'rotate')
})

test('T30: a rotated token is replayed for its client within the window, as long as its successor is the newest', () => {
  const rotated = { rotatedAt: now - replayWindow, chainGeneration: 4 }
  assert.equal(judge(rotated), 'replay')
  assert.equal(judge({ ...rotated, rotatedAt: now - replayWindow - 1 }), 'end')
  assert.equal(judge({ ...rotated, chainGeneration: 5 }), 'end')
  assert.equal(judge(rotated, {}, 'other'), 'end')
  assert.equal(judge(rotated, { applicationId: 8 }), 'refuse')
})

test('T51: an expired token or a disabled user changes nothing and gets nothing', () => {
  assert.equal(judge({ expiresAt: now }), 'refuse')
  assert.equal(judge({ userActive: false }), 'refuse')
  assert.equal(judge({ userActive: false, rotatedAt: now, chainGeneration: 4 }), 'refuse')
})
