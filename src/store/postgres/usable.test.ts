import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientBase } from 'pg'
import { forDriver } from './connect.ts'
import { checkSettings, explainFailure, explainRefusedConnection } from './usable.ts'

const url = 'postgres://user:a-secret-word@db.example.com:5432/headgate'

const answering = (settings: Record<string, unknown>): ClientBase =>
  ({
    query: async () => ({
      rows: [
        {
          version: '140000',
          commit: 'on',
          fsync: 'on',
          encoding: 'UTF8',
          readonly: 'off',
          standby: false,
          ...settings,
        },
      ],
    }),
  }) as unknown as ClientBase

test('a server that keeps what it acknowledges is taken, and every other is refused with what to do', async () => {
  await checkSettings(answering({}))
  await checkSettings(answering({ version: '180004', commit: 'remote_apply' }))
  for (const [settings, words] of [
    [{ version: '130014' }, /PostgreSQL 13; Headgate needs 14 or newer/],
    [{ version: '90624' }, /PostgreSQL 9; Headgate needs 14 or newer/],
    [{ commit: 'off' }, /synchronous_commit=off.*set it to on/],
    [{ fsync: 'off' }, /fsync=off.*set it to on/],
    [{ encoding: 'SQL_ASCII' }, /in SQL_ASCII; create it with ENCODING 'UTF8'/],
    [{ standby: true }, /takes no writes; name the primary/],
    [{ readonly: 'on' }, /takes no writes; name the primary/],
  ] as const)
    await assert.rejects(checkSettings(answering(settings)), words)
})

test('what the server or the driver says at the start is told with the place, and never with the password', () => {
  const failure = (more: object, message = 'said'): Error => Object.assign(new Error(message), more)
  for (const [error, words] of [
    [failure({ code: '28000' }), /is refused by db\.example\.com:5432\/headgate.*pg_hba\.conf/],
    [failure({ code: '53300' }), /no connection left; lower HEADGATE_DATABASE_POOL/],
    [failure({ code: '57P03' }), /starting or stopping; try again/],
    [failure({ code: 'EAI_AGAIN' }), /cannot be looked up right now/],
    [failure({}, 'timeout expired'), /does not answer in time/],
    [
      failure({}, 'The server does not support SSL connections'),
      /asks for TLS, which .* not offer/,
    ],
    [failure({ code: 'SELF_SIGNED' }, 'self-signed certificate'), /TLS fails \(self-signed/],
    [
      failure({ code: 'ENOENT', path: '/ca.pem' }),
      /names the file \/ca\.pem, which cannot be read/,
    ],
    [failure({}, 'something new'), /lets nobody in \(something new\)/],
  ] as const) {
    const { message } = explainRefusedConnection(error, url)
    assert.match(message, words)
    assert.ok(!message.includes('a-secret-word'))
  }
})

test('what a migration was refused is found behind its failure, and our own mistakes are not explained away', () => {
  const wrapped = new Error('Migration 0001 failed', {
    cause: Object.assign(new Error('permission denied for schema public'), { code: '42501' }),
  })
  assert.match(explainFailure(wrapped, url)?.message ?? '', /lacks a permission.*GRANT CREATE/)
  assert.equal(explainFailure(Object.assign(new Error('no'), { code: '42P01' }), url), undefined)
  assert.equal(explainFailure(new Error('mine'), url), undefined)
})

test('what the driver verifies anyway is asked for by its name, and the rest of the URL stays', () => {
  for (const mode of ['prefer', 'require', 'verify-ca'])
    assert.equal(forDriver(`${url}?sslmode=${mode}`), `${url}?sslmode=verify-full`)
  for (const same of ['', '?sslmode=disable', '?uselibpqcompat=true&sslmode=require'])
    assert.equal(forDriver(url + same), url + same)
})
