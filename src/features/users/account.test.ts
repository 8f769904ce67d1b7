import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTimestamp, timestamp } from '../timestamp.ts'
import { sameGrants, userNameFault } from './account.ts'

test('a user name is 1 to 128 printable characters without a colon', () => {
  for (const name of [
    'a',
    'alice',
    'Ann Lee',
    'ann@example.org',
    'Jürgen',
    '李',
    '😀',
    'x'.repeat(128),
  ])
    assert.equal(userNameFault(name), undefined, name)
  const wrong = [
    '',
    'x'.repeat(129),
    ' ann',
    'ann ',
    'a:b',
    'a\nb',
    'a\u0000',
    'a\u007f',
    '\u200bann',
  ]
  for (const name of [...wrong, 'a\u00a0b', 'a\u2028b', 'a\ud800', '\u202enna'])
    assert.match(userNameFault(name) ?? 'nothing', /^userName must .*\.$/, JSON.stringify(name))
})

test('a time is read as it is written, a fraction of a second left out', () => {
  const text = '2030-01-01 00:00:00'
  const at = Date.UTC(2030, 0, 1)
  assert.equal(parseTimestamp(text), at)
  assert.equal(parseTimestamp(`${text}.0`), at)
  assert.equal(timestamp(at), text)
  for (const wrong of [
    '',
    '2030-01-01',
    '2030-01-01T00:00:00',
    '2030-02-30 00:00:00',
    '2030-01-01 24:00:00',
    '2030-13-01 00:00:00',
    '2030-01-01 00:00:00 UTC',
    '02030-01-01 00:00:00',
  ])
    assert.equal(parseTimestamp(wrong), undefined, wrong)
})

test('grants are the same whatever their order and however often an id stands in them', () => {
  const grants = { roles: [2, 3], permissions: [] }
  assert.ok(sameGrants(grants, { roles: [3, 2, 2], permissions: [] }))
  assert.ok(!sameGrants(grants, { roles: [2], permissions: [] }))
  assert.ok(!sameGrants(grants, { roles: [2, 3], permissions: [7] }))
})
