import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from './connect.ts'

test('where a database listens is read from its URL as the driver reads it', () => {
  for (const [url, host, port] of [
    ['postgres://u:p@db.example/headgate', 'db.example', 5432],
    ['postgres://u:p@db.example:6432/headgate?sslmode=verify-full', 'db.example', 6432],
    ['postgres://u:p@[::1]:6432/headgate', '::1', 6432],
    ['postgres://u:p@db%2Eexample/headgate', 'db.example', 5432],
    ['postgres://u:p@db.example:1/headgate?host=other.example&port=2', 'other.example', 2],
  ] as const)
    assert.deepEqual(endpointsOf(url), [{ host, port }], url)
  for (const url of [undefined, 'postgres://u:p@x/headgate?host=/run/postgresql'])
    assert.deepEqual(endpointsOf(url), [])
})
