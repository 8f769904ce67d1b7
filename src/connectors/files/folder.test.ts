import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { resolveFolder } from './folder.ts'

const root = mkdtempSync(join(tmpdir(), 'headgate-folders-'))
const own = join(root, '1')
mkdirSync(join(own, 'sales', '2024'), { recursive: true })
mkdirSync(join(root, '10', 'sales'), { recursive: true })
writeFileSync(join(own, 'file.csv'), '')
symlinkSync(join(root, '10', 'sales'), join(own, 'outside'))
symlinkSync(join(own, 'sales'), join(own, 'inside'))
after(() => rmSync(root, { recursive: true }))

test('a folder name leads to the folder of the tenant when it is plain', () => {
  assert.ok(resolveFolder('sales', own).endsWith('sales'))
  assert.ok(resolveFolder('sales/2024', own).endsWith('2024'))
  assert.ok(resolveFolder('inside', own).endsWith('sales'))
})

for (const name of [
  '',
  '.',
  '..',
  '/',
  'sales/',
  '/sales',
  'sales//2024',
  'sales/..',
  'sales/../../10/sales',
  '../10/sales',
  '..\\10',
  'C:\\x',
  '/etc',
  'sales\0',
  'outside',
  'file.csv',
  'missing',
  '.hidden',
  'sales/.hidden',
  's3://bucket',
  '*',
  'sales*',
  "sales'",
])
  test(`a folder name is refused when it is ${JSON.stringify(name)}`, () =>
    assert.throws(() => resolveFolder(name, own), { kind: 'rejected', message: /^Folder/ }))
