import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Unavailable } from '#lib/refusal.ts'
import { breaksConnection, isConflict, translate } from './errors.ts'

const failure = (code: string): Error => Object.assign(new Error('said by the server'), { code })

test('what passes is told to come back, with the reason for the log alone', () => {
  for (const [code, reason] of [
    ['53100', 'lacks memory, disk or connections'],
    ['53200', 'lacks memory, disk or connections'],
    ['53300', 'lacks memory, disk or connections'],
    ['58030', 'system of the database server fails'],
    ['25006', 'read-only'],
    ['0A000', 'does not take this statement'],
    ['08006', 'connection to the system database broke'],
    ['55P03', 'locked for too long'],
    ['57014', 'took too long'],
    ['57P01', 'starting, stopping or was restarted'],
    ['57P03', 'starting, stopping or was restarted'],
    ['XX000', 'internal error'],
    ['25P03', 'waited for too long'],
    ['40001', 'too busy with the same rows'],
    ['ECONNREFUSED', 'cannot be reached (ECONNREFUSED)'],
    ['ETIMEDOUT', 'cannot be reached (ETIMEDOUT)'],
  ] as const) {
    const told = translate(failure(code))
    assert.ok(told instanceof Unavailable, code)
    assert.ok(told.retryAfterSeconds > 0)
    assert.equal(told.message, 'The server cannot reach its database right now. Try again.')
    assert.ok(told.detail?.includes(reason), `${code}: ${told.detail}`)
  }
})

test('what the driver says without a code is known by its words', () => {
  for (const words of [
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Query read timeout',
    'Client was closed and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ])
    assert.ok(translate(new Error(words)) instanceof Unavailable, words)
})

test('what is our own mistake, or a rule of the schema, stays what it is', () => {
  for (const code of ['23505', '23503', '42P01', '42601', '22P02']) {
    const error = failure(code)
    assert.equal(translate(error), error)
    assert.equal(breaksConnection(error), false)
  }
  const plain = new Error('mine')
  assert.equal(translate(plain), plain)
  assert.equal(translate(undefined), undefined)
  const said = new Unavailable('Not now.')
  assert.equal(translate(said), said)
})

test('after a timeout or a conflict a connection goes on, and after anything worse it does not', () => {
  for (const code of ['57014', '55P03', '40001', '40P01'])
    assert.equal(breaksConnection(failure(code)), false, code)
  for (const code of ['57P01', '53100', '08006', 'ECONNRESET', '25006', '0A000'])
    assert.equal(breaksConnection(failure(code)), true, code)
  assert.deepEqual(
    ['40001', '40P01', '40003', '23505'].map((code) => isConflict(failure(code))),
    [true, true, false, false],
  )
})
