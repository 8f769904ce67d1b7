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

const died = () => new ConnectorError('unavailable', 'The read was broken off; try again.')

test('a file whose reader died is looked into again, and is no file that cannot be read', async () => {
  const own = mkdtempSync(join(tmpdir(), 'headgate-known-'))
  writeFileSync(join(own, 'one.parquet'), 'x')
  const { ask } = createEngine()
  for (const error of [died(), new ConnectorError('timed-out', 'It gave no rows.')]) {
    const failures = [error]
    const known = createKnownFiles(
      own,
      () => false,
      async (text) => {
        const failure = failures.pop()
        if (failure !== undefined) throw failure
        return ask(text)
      },
    )
    assert.deepEqual(
      (await known.catalog()).tables.map(({ name }) => name),
      ['one'],
    )
  }
  rmSync(own, { recursive: true })
})

test('a file that ends every reader is left out, the others are served, and after a minute it is tried again', async () => {
  const own = mkdtempSync(join(tmpdir(), 'headgate-known-'))
  writeFileSync(join(own, 'deadly.parquet'), 'x')
  writeFileSync(join(own, 'one.parquet'), 'x')
  const { ask, asked } = createEngine()
  let isDeadly = true
  let now = 0
  const known = createKnownFiles(
    own,
    () => false,
    async (text) => {
      if (isDeadly && text.includes('deadly')) throw died()
      return ask(text)
    },
    () => now,
  )
  const namesOf = async () => (await known.catalog()).tables.map(({ name }) => name)
  const version = known.version()
  assert.deepEqual(await namesOf(), ['one'])
  assert.deepEqual(
    (await known.catalog()).warnings?.map(({ message }) => message),
    ['deadly.parquet is left out: The read was broken off; try again.'],
  )
  isDeadly = false
  now = 59_000
  assert.deepEqual(await namesOf(), ['one'])
  assert.equal(known.version(), version)
  now = 61_000
  assert.notEqual(known.version(), version)
  assert.deepEqual(await namesOf(), ['deadly', 'one'])
  assert.deepEqual(asked, ['one.parquet', 'deadly.parquet'])
  const last = known.version()
  now = 200_000
  assert.equal(known.version(), last)
  rmSync(own, { recursive: true })
})

test('a folder that is gone is unavailable', () => {
  const { ask } = createEngine()
  const known = createKnownFiles(join(folder, 'gone'), () => false, ask)
  assert.throws(() => known.version(), { kind: 'unavailable' })
})
