import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp, type TestApp } from '#test/support/app.ts'

/** The client's address of the line about a request that was sent with these headers. */
const loggedAddress = async (app: TestApp, headers: Record<string, string>): Promise<unknown> => {
  const id = `t${Math.round(performance.now() * 1000)}`
  await (
    await fetch(`${app.url}/api/healthcheck/live`, { headers: { ...headers, 'trace-id': id } })
  ).text()
  await new Promise((resolve) => setImmediate(resolve))
  const line = app.logs.find((text) => text.includes(id) && text.includes('"answered"'))
  return (JSON.parse(line ?? '{}') as { ip?: unknown }).ip
}

const forwarded = {
  'x-forwarded-for': '203.0.113.9',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'https',
}

test('the address that a trusted proxy names is the one in the log; of several, the last that is not trusted', async () => {
  const app = await startApp({ sources: false, env: { HEADGATE_TRUST_PROXY: '127.0.0.1,::1' } })
  try {
    assert.equal(await loggedAddress(app, forwarded), '203.0.113.9')
    assert.equal(
      await loggedAddress(app, { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' }),
      '203.0.113.9',
      'what the client put there itself does not count',
    )
  } finally {
    await app.close()
  }
})

test('T58: without a trusted proxy forwarded headers say nothing, and they never change a link', async () => {
  for (const env of [{}, { HEADGATE_TRUST_PROXY: '127.0.0.1,::1' }] as const) {
    const app = await startApp({ sources: false, env })
    try {
      if (!('HEADGATE_TRUST_PROXY' in env))
        assert.match(
          String(await loggedAddress(app, forwarded)),
          /^(?:127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)$/,
        )
      const answer = await fetch(`${app.url}/.well-known/oauth-authorization-server`, {
        headers: forwarded,
      })
      assert.ok(!(await answer.text()).includes('evil.example'))
    } finally {
      await app.close()
    }
  }
})
