import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { deferred } from './deferred.ts'

const range = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `T${String(from + i).padStart(2, '0')}`)

/** The rows of the threat matrix that concern what exists: registration to revocation, users, and reading data. */
const wanted = [
  ...range(1, 13),
  ...range(15, 21),
  ...range(23, 32),
  ...range(45, 51),
  'T53',
  ...range(55, 59),
  ...range(60, 65),
  'T67',
  ...range(70, 72),
  'T73',
  'T74',
  'T75',
  'T76',
  'T80',
  'T81',
  'T83',
  'T34',
  'T38',
  'T39',
  'T40',
  'T42',
  'T78',
  'T82',
  'T84',
]

const root = join(import.meta.dirname, '../..')

/** Ids at the beginning of the titles of all tests: `test('T23: …`, also of several rows, `T23, T24: …`. */
const readCovered = (): ReadonlySet<string> => {
  const covered = new Set<string>()
  for (const folder of ['src', 'test'])
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(?:test|browser|long)\.ts$/.test(file)) continue
      const text = readFileSync(join(root, folder, file), 'utf8')
      for (const [, ids = ''] of text.matchAll(
        /\b(?:test|it)\(\s*['"`]((?:T\d{2}(?:, | and )?)+)\b/g,
      ))
        for (const [id] of ids.matchAll(/T\d{2}/g)) covered.add(id)
    }
  return covered
}

test('every row of the threat matrix has a test, or waits for a feature that is named', () => {
  const covered = readCovered()
  const waiting = new Set(deferred.map(({ id }) => id))
  assert.deepEqual(
    wanted.filter((id) => !covered.has(id) && !waiting.has(id)),
    [],
    'these rows have neither a test nor a place in test/security/deferred.ts',
  )
})

test('no row waits for a feature although it has a test', () => {
  const covered = readCovered()
  for (const { id, feature } of deferred) {
    assert.ok(!covered.has(id), `${id} has a test: take it out of test/security/deferred.ts`)
    assert.notEqual(feature, '')
  }
})
