import assert from 'node:assert/strict'
import { test } from 'node:test'
import { negotiateVersion, versionOfRefusal } from './versions.ts'

const headers = (version: string | undefined, most: string | undefined) => ({
  'odata-version': version,
  'odata-maxversion': most,
})

for (const [version, most, expected] of [
  [undefined, undefined, '4.0'],
  ['', '', '4.0'],
  [undefined, '4.0', '4.0'],
  [undefined, '4.01', '4.01'],
  [undefined, '4.1', '4.01'],
  [undefined, '5.0', '4.01'],
  ['4.0', undefined, '4.0'],
  ['4.01', undefined, '4.01'],
  ['4.01', '4.0', '4.0'],
  ['4.0', '4.01', '4.01'],
] as const)
  test(`${expected} is spoken with OData-Version ${String(version)} and OData-MaxVersion ${String(most)}`, () =>
    assert.equal(negotiateVersion(headers(version, most)), expected))

for (const [version, most] of [
  [undefined, '3.0'],
  [undefined, '4'],
  [undefined, '4.0,4.0'],
  [undefined, 'four'],
  [undefined, '4.0;NetFx'],
  ['3.0', undefined],
  ['4.02', undefined],
  ['x', '4.0'],
] as const)
  test(`OData-Version ${String(version)} and OData-MaxVersion ${String(most)} are refused, in the form of 4.0`, () => {
    assert.throws(() => negotiateVersion(headers(version, most)), { kind: 'bad-request' })
    assert.equal(versionOfRefusal(headers(version, most)), '4.0')
  })
