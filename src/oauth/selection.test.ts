import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSelection, reaches, selectionOf } from './selection.ts'

const ids = fc.uniqueArray(fc.nat(20))

test('T45: a form reaches the ticked ones of those that were offered, and others only when later ones were allowed', () => {
  fc.assert(
    fc.property(ids, ids, fc.boolean(), fc.nat(20), (offered, ticked, later, id) => {
      const selection = selectionOf(offered, ticked, later)
      const expected = offered.includes(id) ? ticked.includes(id) : later
      assert.equal(reaches(selection, id), expected)
      assert.deepEqual(parseSelection(JSON.stringify(selection)), selection)
    }),
  )
})

test('a damaged selection reaches nothing: it is refused', () => {
  for (const text of [
    '',
    '{}',
    'null',
    '[]',
    '{"kind":"all","ids":[]}',
    '{"kind":"only"}',
    '{"kind":"only","ids":["1"]}',
    '{"kind":"only","ids":[1.5]}',
    '{"kind":"only","ids":null}',
  ])
    assert.throws(() => parseSelection(text), text)
})
