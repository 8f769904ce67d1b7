import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toUpstreamError } from './classify.ts'
import { UpstreamError, upstreamFaults } from './upstream-error.ts'

const withCode = (code: string): Error => Object.assign(new Error('quoted'), { code })

test('codes of sockets, of TLS and of the HTTP client have their class', () => {
  for (const [code, fault] of [
    ['ECONNREFUSED', 'unreachable'],
    ['ECONNRESET', 'unreachable'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENOTFOUND', 'unreachable'],
    ['EAI_AGAIN', 'unreachable'],
    ['UND_ERR_SOCKET', 'unreachable'],
    ['UND_ERR_DESTROYED', 'unreachable'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'unreachable'],
    ['ETIMEDOUT', 'timed-out'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timed-out'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timed-out'],
    ['UND_ERR_BODY_TIMEOUT', 'timed-out'],
    ['UND_ERR_HEADERS_OVERFLOW', 'too-large'],
    ['HPE_INVALID_CONSTANT', 'malformed'],
    ['CERT_HAS_EXPIRED', 'certificate'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate'],
  ] as const) {
    const error = toUpstreamError(withCode(code), 'a.example')
    assert.deepEqual([error.fault, error.detail], [fault, code])
  }
  const many = new AggregateError([withCode('ETIMEDOUT'), withCode('ECONNREFUSED')], 'quoted')
  assert.equal(toUpstreamError(many, 'a.example').fault, 'timed-out')
})

test('what only a caller can have done wrong is no fault of an upstream', () => {
  for (const code of ['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'])
    assert.throws(
      () => toUpstreamError(withCode(code), 'a.example'),
      (error) => !(error instanceof UpstreamError),
    )
})

test('whatever is thrown has a class, and nothing of its text is kept', () => {
  const thrown = fc.oneof(
    fc.anything(),
    fc.string().map((text) => new Error(`canary ${text}`)),
    fc.string().map((text) => withCode(`canary ${text}`)),
    fc.string({ unit: fc.constantFrom('A', 'Z', '_', '9'), minLength: 1 }).map(withCode),
  )
  fc.assert(
    fc.property(thrown, (value) => {
      const error = toUpstreamError(value, 'a.example')
      assert.ok(Object.hasOwn(upstreamFaults, error.fault))
      assert.equal(error.cause, undefined)
      assert.match(error.message, /^a\.example [a-z]/)
      assert.doesNotMatch(`${error.message} ${error.detail}`, /canary|quoted/)
      assert.match(error.detail ?? 'NONE', /^[A-Z0-9_]+$/)
    }),
    { numRuns: 1000 },
  )
})
