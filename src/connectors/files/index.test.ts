import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createAddressPolicy } from '#egress/address-policy.ts'
import { createFilesConnector } from './index.ts'
import { enginePackage, isEngineInstalled } from './missing-engine.ts'
import { createFilesPool } from './pool.ts'

const filesDirectory = mkdtempSync(join(tmpdir(), 'headgate-files-'))
mkdirSync(join(filesDirectory, 'sales'))
after(() => rmSync(filesDirectory, { recursive: true }))
const context = { filesDirectory, addresses: createAddressPolicy([]) }

test('without its engine the connector says which package to install, and the rest of the server goes on', async () => {
  const connector = createFilesConnector(createFilesPool(), () => false)
  const missing = { kind: 'unsupported', message: /npm install --no-save @duckdb\/node-api@/ }
  assert.throws(() => connector.checkOptions({ Folder: 'sales' }, context), missing)
  await assert.rejects(connector.open({ Folder: 'sales' }, context), missing)
})

test('the version that the message names is the one that the tests run with', () => {
  const path = new URL('../../../package.json', import.meta.url)
  const { optionalDependencies } = JSON.parse(readFileSync(path, 'utf8')) as {
    optionalDependencies: Record<string, string>
  }
  assert.equal(optionalDependencies[enginePackage.name], enginePackage.version)
  assert.ok(isEngineInstalled())
})

test('options are checked before anything is opened', () => {
  const connector = createFilesConnector(createFilesPool())
  connector.checkOptions({ Folder: 'sales', ODataPageSize: '10' }, context)
  for (const options of [{}, { Folder: 'other' }, { Folder: 'sales', Database: 'x' }])
    assert.throws(() => connector.checkOptions(options, context), { kind: 'rejected' })
})
