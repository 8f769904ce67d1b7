import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PoolClient } from 'pg'
import type { Command } from '../command.ts'
import { inTransaction } from './session.ts'

/** A connection that refuses to begin (a standby; a cancelled statement), and goes on. */
const refusing = () => {
  const sent: string[] = []
  const released: unknown[] = []
  const client = {
    query: async (query: string | { text: string }) => {
      const text = typeof query === 'string' ? query : query.text
      sent.push(text)
      await new Promise((resolve) => setImmediate(resolve))
      if (text.startsWith('begin')) throw Object.assign(new Error('no'), { code: '57014' })
      return { rows: [], rowCount: 0 }
    },
    release: (broken: unknown) => released.push(broken),
  }
  return { sent, released, connect: async () => client as unknown as PoolClient }
}

const one = (sql: string) =>
  function* (): Command<void> {
    yield { sql, parameters: [] } as never
  }

test('when the beginning is refused nothing that changes rows has been sent, and the connection goes back once', async () => {
  for (const sql of [
    'insert into t values (1)',
    'with a as (delete from t) select 1',
    'UPDATE t',
  ]) {
    const { sent, released, connect } = refusing()
    await assert.rejects(inTransaction(connect, 'begin', one(sql)), { code: '57014' })
    assert.deepEqual(sent, ['begin', 'rollback'])
    assert.deepEqual(released, [false])
  }
  const { sent, released, connect } = refusing()
  await assert.rejects(inTransaction(connect, 'begin', one('select 1')), { code: '57014' })
  assert.deepEqual(sent, ['begin', 'select 1', 'rollback'])
  assert.deepEqual(released, [false])
})
