import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hours, minutes, seconds } from '#lib/clock.ts'
import { backOff } from './back-off.ts'
import { judge, type Situation, type Verdict } from './judge.ts'
import type { UpstreamToken } from './token.ts'

const now = 1_800_000_000_000
const assumedLife = minutes(120)

const token = (more: Partial<UpstreamToken> = {}): UpstreamToken => ({
  id: 1,
  tenantId: 1,
  owner: { kind: 'profile', id: 1 },
  generation: 7,
  accessExpiresAt: now + minutes(50),
  issuedAt: now - minutes(10),
  scope: undefined,
  instanceUrl: undefined,
  account: undefined,
  state: 'ready',
  stateReason: undefined,
  stateAt: now - minutes(10),
  leaseHolder: undefined,
  leaseUntil: undefined,
  failures: 0,
  retryAt: undefined,
  ...more,
})

const verdict = (more: Partial<UpstreamToken> = {}, situation: Partial<Situation> = {}): Verdict =>
  judge({
    token: token(more),
    hasAccessToken: true,
    means: 'refresh-token',
    rejected: undefined,
    lastRejection: undefined,
    assumedLife,
    now,
    ...situation,
  })

test('a token is used until the margin before its end, then renewed while it still does, then because it must be', () => {
  assert.deepEqual(verdict(), { kind: 'use' })
  assert.deepEqual(verdict({ accessExpiresAt: now + minutes(5) + 1 }), { kind: 'use' })
  assert.deepEqual(verdict({ accessExpiresAt: now + minutes(5) }), {
    kind: 'renew',
    cause: 'expiry',
    spare: 'good',
  })
  assert.deepEqual(verdict({ accessExpiresAt: now }), {
    kind: 'renew',
    cause: 'expiry',
    spare: undefined,
  })
})

test('the margin of a token that lives shortly is a third of its life', () => {
  const lives = (left: number) =>
    verdict({ issuedAt: now - seconds(60) + left, accessExpiresAt: now + left }).kind
  assert.equal(lives(seconds(21)), 'use')
  assert.equal(lives(seconds(20)), 'renew')
})

test('where the data store does not say how long, the token still does until it is refused', () => {
  const unknown = { accessExpiresAt: undefined }
  assert.equal(verdict(unknown).kind, 'use')
  assert.deepEqual(verdict({ ...unknown, issuedAt: now - assumedLife * 3 }), {
    kind: 'renew',
    cause: 'expiry',
    spare: 'perhaps',
  })
})

test('a refused token is renewed, unless it is not the one that there is, or one was renewed for that a moment ago', () => {
  assert.deepEqual(verdict({}, { rejected: 7 }), {
    kind: 'renew',
    cause: 'rejected',
    spare: undefined,
  })
  assert.equal(verdict({}, { rejected: 6 }).kind, 'use')
  assert.equal(verdict({}, { rejected: 7, lastRejection: now - seconds(29) }).kind, 'refused')
  assert.equal(verdict({}, { rejected: 7, lastRejection: now - seconds(30) }).kind, 'renew')
})

test('without means to renew, a token that must be renewed has to be connected again', () => {
  const none = { means: 'none' } as const
  assert.equal(verdict({ accessExpiresAt: now + 1 }, none).kind, 'use')
  assert.deepEqual(verdict({ accessExpiresAt: now }, none), {
    kind: 'reconnect',
    reason: 'no-refresh-token',
  })
  assert.deepEqual(verdict({}, { ...none, hasAccessToken: false }), {
    kind: 'reconnect',
    reason: 'no-refresh-token',
  })
})

test('without means to renew, a refusal is told, and is not the end of a token that may be good elsewhere', () => {
  const none = { means: 'none' } as const
  assert.deepEqual(verdict({}, { ...none, rejected: 7 }), { kind: 'not-renewable' })
  assert.deepEqual(verdict({}, { ...none, rejected: 6 }), { kind: 'use' })
})

test('a token that does not say where the API answers is renewed once to learn it, where that is possible', () => {
  const renew = { kind: 'renew', cause: 'first-use' }
  const { kind, cause } = verdict({}, { incomplete: 7 }) as { kind: string; cause?: string }
  assert.deepEqual({ kind, cause }, renew)
  assert.equal(verdict({}, { incomplete: 6 }).kind, 'use')
  assert.equal(verdict({}, { incomplete: 7, means: 'none' }).kind, 'use')
  assert.equal(verdict({ retryAt: now + 1 }, { incomplete: 7 }).kind, 'cool-down')
})

const situations = fc.record({
  token: fc
    .record({
      accessExpiresAt: fc.option(fc.integer({ min: now - minutes(99), max: now + minutes(99) }), {
        nil: undefined,
      }),
      issuedAt: fc.option(fc.integer({ min: now - minutes(99), max: now }), { nil: undefined }),
      state: fc.constantFrom('ready' as const, 'reconnect' as const),
      retryAt: fc.option(fc.integer({ min: now - 5, max: now + 5 }), { nil: undefined }),
    })
    .map(token),
  hasAccessToken: fc.boolean(),
  means: fc.constantFrom('refresh-token' as const, 'client-credentials' as const, 'none' as const),
  rejected: fc.constantFrom(undefined, 6, 7),
  incomplete: fc.constantFrom(undefined, 6, 7),
  lastRejection: fc.option(fc.integer({ min: now - minutes(2), max: now }), { nil: undefined }),
  assumedLife: fc.constant(assumedLife),
  now: fc.constant(now),
})

test('whatever is known: no missing, dead or refused token is used, nobody is asked while it cools down, and nothing is asked without means', () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const { kind, ...rest } = judge(situation)
      const { token: held, hasAccessToken, rejected, means } = situation
      const dead = held.accessExpiresAt !== undefined && held.accessExpiresAt <= now
      if (kind === 'use' || (kind === 'renew' && 'spare' in rest && rest.spare !== undefined)) {
        assert.ok(hasAccessToken && !dead)
        assert.notEqual(rejected, held.generation)
      }
      if (kind === 'renew') {
        assert.notEqual(means, 'none')
        assert.ok(held.retryAt === undefined || held.retryAt <= now)
      }
      if (held.state === 'reconnect') assert.equal(kind, 'reconnect')
    }),
    { numRuns: 1000 },
  )
})

test('waiting grows from two seconds to five minutes, and is as long as the data store wishes, for a day at most', () => {
  const failing = { fault: 'failing', retryAfterSeconds: undefined } as const
  assert.equal(backOff(failing, 1, 0), seconds(2))
  assert.equal(backOff(failing, 4, 0), seconds(16))
  assert.equal(backOff(failing, 4, 1), seconds(12))
  assert.equal(backOff(failing, 500, 0), minutes(5))
  assert.equal(backOff({ ...failing, retryAfterSeconds: 40 }, 9, 0.5), seconds(40))
  assert.equal(backOff({ ...failing, retryAfterSeconds: 9999 }, 1, 0), seconds(9999))
  assert.equal(backOff({ ...failing, retryAfterSeconds: 99_999_999 }, 1, 0), hours(24))
  assert.equal(backOff({ fault: 'client-refused', retryAfterSeconds: undefined }, 1, 0), minutes(5))
})
