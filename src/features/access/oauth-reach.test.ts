import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from './caller.ts'
import { oauthReach } from './oauth-reach.ts'
import { idsOf } from './reach.ts'

const caller = (tenantId: number, permissions: number[], administers: number[] = []): Caller => ({
  userId: 7,
  userName: 'someone',
  tenantId,
  permissions: new Set(permissions),
  administers: new Set(administers),
  passwordVersion: 1,
  mustChangePassword: false,
})

const everywhere = undefined

test('the tenant rule of OAuth applications, kind of caller by kind of caller (OAuth reference C.1)', () => {
  for (const [who, expected] of [
    [caller(1, [12]), everywhere],
    [caller(5, [12]), everywhere],
    [caller(1, [11, 28]), [1]],
    [caller(1, [11, 28], [3, 4]), [1, 3, 4]],
    [caller(5, [11, 28]), [5]],
    [caller(5, [11, 28], [5, 6, 1]), [5]],
    [caller(1, [11], [1, 3]), []],
    [caller(1, [28], [1, 3]), []],
    [caller(5, [], [5]), []],
  ] as const)
    assert.deepEqual(idsOf(oauthReach(who)), expected, JSON.stringify([...who.permissions]))
})

test('for somebody else it is that user’s rule, whatever the user holds, cut by the caller’s own', () => {
  const administrator = caller(1, [12])
  const system = caller(1, [11, 21, 28], [1, 3])
  for (const [who, subject, expected] of [
    [administrator, caller(1, [], [4]), [1, 4]],
    [administrator, caller(5, []), [5]],
    [administrator, caller(5, [12]), everywhere],
    [system, caller(3, [7]), [3]],
    [system, caller(1, [], [3, 4]), [1, 3]],
    [system, caller(4, []), []],
    [caller(1, [11, 21], [3]), caller(3, []), []],
  ] as const)
    assert.deepEqual(idsOf(oauthReach(who, subject)), expected)
})
