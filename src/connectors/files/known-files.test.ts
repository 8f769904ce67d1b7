import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConnectorError } from '../errors.ts'
import type { Ask } from './inspect.ts'
import { createKnownFiles } from './known-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-known-'))
after(() => rmSync(folder, { recursive: true }))
const write = (name: string, content = 'x') => writeFileSync(join(folder, name), content)

/** An engine that finds one column in every file but those called broken, and counts how often it is asked. */
const createEngine = () => {
  const asked: string[] = []
  const ask: Ask = async (text) => {
    const [, file = ''] = /([\w-]+\.parquet)/.exec(text) ?? []
    if (file.startsWith('broken')) throw new ConnectorError('rejected', 'It is damaged.')
    if (file.startsWith('busy')) throw new ConnectorError('busy', 'Try again.')
    if (!text.startsWith('SELECT column_name')) return []
    asked.push(file)
    return [['a', 'BIGINT']]
  }
  return { ask, asked }
}

test('a folder is looked at once a second, and only files that have changed are looked into again', async () => {
  write('one.parquet')
  write('two.parquet')
  write('broken.parquet')
  const { ask, asked } = createEngine()
  let now = 0
  const known = createKnownFiles(
    folder,
    () => false,
    ask,
    () => now,
  )
  const version = known.version()
  const [first, second] = await Promise.all([known.catalog(), known.catalog()])
  assert.equal(first, second)
  assert.deepEqual(
    first.tables.map(({ name }) => name),
    ['one', 'two'],
  )
  assert.deepEqual(
    first.warnings?.map(({ message }) => message),
    ['broken.parquet is left out: It is damaged.'],
  )
  assert.deepEqual(asked, ['one.parquet', 'two.parquet'])

  write('two.parquet', 'longer')
  assert.equal(known.version(), version)
  now = 1001
  assert.notEqual(known.version(), version)
  await known.catalog()
  assert.deepEqual(asked, ['one.parquet', 'two.parquet', 'two.parquet'])
})

test('what may pass is no warning: it is thrown, and tried again by the next one', async () => {
  const own = mkdtempSync(join(tmpdir(), 'headgate-known-'))
  writeFileSync(join(own, 'busy.parquet'), 'x')
  let isBusy = true
  const { ask } = createEngine()
  const known = createKnownFiles(
    own,
    () => false,
    async (text) => (isBusy ? ask(text) : [['a', 'BIGINT']]),
  )
  await assert.rejects(known.catalog(), { kind: 'busy' })
  isBusy = false
  assert.equal((await known.catalog()).tables.length, 1)
  rmSync(own, { recursive: true })
})

test('a folder that is gone is unavailable', () => {
  const { ask } = createEngine()
  const known = createKnownFiles(join(folder, 'gone'), () => false, ask)
  assert.throws(() => known.version(), { kind: 'unavailable' })
})
