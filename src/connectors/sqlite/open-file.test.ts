import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { resolveDatabaseFile } from './open-file.ts'

const root = mkdtempSync(join(tmpdir(), 'headgate-files-'))
const own = join(root, '1')
mkdirSync(join(own, 'folder'), { recursive: true })
writeFileSync(join(root, 'foreign.db'), '')
writeFileSync(join(own, 'own.db'), '')
symlinkSync(join(root, 'foreign.db'), join(own, 'outside.db'))
symlinkSync(join(own, 'own.db'), join(own, 'inside.db'))

test('a database name leads to the file of the tenant when it is plain', () => {
  assert.ok(resolveDatabaseFile('own.db', own).endsWith('own.db'))
  assert.ok(resolveDatabaseFile('inside.db', own).endsWith('own.db'))
})

for (const name of [
  '',
  '.',
  '..',
  '../foreign.db',
  '..\\foreign.db',
  '/etc/passwd',
  'C:\\x',
  'folder/x.db',
  'own.db\0',
  'outside.db',
  'folder',
  'missing.db',
  ':memory:',
  'file:own.db',
  '.hidden',
  'own.db?mode=rwc',
])
  test(`a database name is refused when it is ${JSON.stringify(name)}`, () =>
    assert.throws(() => resolveDatabaseFile(name, own), { kind: 'rejected', message: /^Database/ }))
