import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { repeatedKey } from './repeated-key.ts'

test('a name that stands twice in one object is found, however it is spelled', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"b":{},"\\u0061":2}',
    '[{"x":{"y":"{","y":1}}]',
    '{"client_id":"a","x":"\\"client_id\\":","client_id":"b"}',
  ])
    assert.notEqual(repeatedKey(text), undefined, text)
})

test('the same name in different objects, or inside a text, is no repetition', () => {
  for (const text of [
    '{"a":{"a":[{"a":1},{"a":2}]}}',
    '{"a":"\\"a\\":1","b":"{\\"a\\":"}',
    '"a"',
    '[]',
  ])
    assert.equal(repeatedKey(text), undefined, text)
})

test('no JSON that was made of a value repeats a name', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(repeatedKey(JSON.stringify(value)), undefined)
    }),
    { numRuns: 300 },
  )
})
