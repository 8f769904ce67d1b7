import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManagementError } from '../refusals.ts'
import type { Caller } from './caller.ts'
import {
  checkGrantsToRole,
  checkGrantsToUser,
  checkMayChangeUser,
  checkNotOneself,
} from './granting.ts'
import { administeredBy, idsOf, intersect, reachOf, requireWithin } from './reach.ts'
import { holdsOnSource } from './source-permissions.ts'

const caller = (tenantId: number, permissions: number[], administers: number[] = []): Caller => ({
  userId: 7,
  userName: 'someone',
  tenantId,
  permissions: new Set(permissions),
  administers: new Set(administers),
  passwordVersion: 1,
  mustChangePassword: false,
})

const isForbidden = (error: unknown): boolean =>
  error instanceof ManagementError && error.row.code === 222208103 && error.row.status === 403

test('rule 3: permission 12 reaches every tenant, with every permission', () => {
  assert.equal(administeredBy(caller(5, [12])), 'everywhere')
  assert.equal(reachOf(caller(1, [12]), 14, 28), 'everywhere')
})

test('rule 4: a tenant permission counts where there is administrative access, the own tenant not implied', () => {
  for (const [tenantId, permissions, administers, reached] of [
    [1, [14], [], []],
    [1, [14], [1], [1]],
    [1, [14], [3, 4], [3, 4]],
    [1, [13], [3, 4], []],
    [5, [14], [], []],
    [5, [14], [5], [5]],
    [5, [14], [5, 6, 1], [5]],
  ] as const)
    assert.deepEqual(
      idsOf(reachOf(caller(tenantId, [...permissions], [...administers]), 14)),
      reached,
      JSON.stringify([tenantId, permissions, administers]),
    )
})

test('a tenant outside of the reach is refused, and nothing is outside of everywhere', () => {
  assert.throws(() => requireWithin(new Set([3]), 4), isForbidden)
  requireWithin(new Set([3]), 3)
  requireWithin('everywhere', 99)
})

test('the cut of two reaches is what both have', () => {
  const some = new Set([1, 2])
  assert.equal(intersect('everywhere', some), some)
  assert.equal(intersect(some, 'everywhere'), some)
  assert.deepEqual(intersect(some, new Set([2, 3])), new Set([2]))
  assert.equal(intersect('everywhere', 'everywhere'), 'everywhere')
})

test('rule 5: what is set on a data source counts alone, be it less or more; else the owner counts', () => {
  assert.equal(holdsOnSource(undefined, new Set([7]), 7), true)
  assert.equal(holdsOnSource(undefined, new Set([2]), 7), false)
  assert.equal(holdsOnSource(undefined, new Set([12]), 7), true)
  assert.equal(holdsOnSource([2], new Set([7]), 7), false)
  assert.equal(holdsOnSource([2], new Set([12]), 7), false)
  assert.equal(holdsOnSource([7], new Set(), 7), true)
  assert.equal(holdsOnSource([], new Set([7]), 7), false)
})

test('rule 9: nobody changes their own roles or permissions, not even an administrator', () => {
  assert.throws(() => checkNotOneself(caller(1, [12]), 7), isForbidden)
  checkNotOneself(caller(1, [12]), 8)
})

test('rule 10: a role holds only what its maker holds', () => {
  checkGrantsToRole(caller(1, [17, 7]), [7])
  assert.throws(() => checkGrantsToRole(caller(1, [17, 7]), [7, 6]), isForbidden)
  assert.throws(() => checkGrantsToRole(caller(1, [17]), [12]), isForbidden)
  checkGrantsToRole(caller(1, [12]), [1, 28, 12])
})

test('rule 10: ordinary permissions may be given without holding them, tenant and elevated ones not', () => {
  checkGrantsToUser(caller(1, [13]), [1, 7, 11])
  for (const id of [12, 13, 21, 22, 25, 28])
    assert.throws(() => checkGrantsToUser(caller(1, [14]), [id]), isForbidden, String(id))
  checkGrantsToUser(caller(1, [12]), [12])
})

test('who holds more than the caller is not changed by the caller', () => {
  checkMayChangeUser(caller(1, [15]), [1, 7])
  checkMayChangeUser(caller(1, [15, 13]), [13])
  assert.throws(() => checkMayChangeUser(caller(1, [15]), [13]), isForbidden)
  assert.throws(() => checkMayChangeUser(caller(1, [15]), [12]), isForbidden)
  checkMayChangeUser(caller(1, [12]), [12])
})
