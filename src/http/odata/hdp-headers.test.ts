import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkHdpHeaders } from './hdp-headers.ts'

test('what HDP’s headers ask for and is so anyhow is accepted', () => {
  for (const headers of [
    {},
    { 'ddcloud-refresh-result': '0', 'ddcloud-top-mode': '1' },
    { 'ddcloud-refresh-result': '1', 'ddcloud-top-mode': '0', 'ddcloud-timezone': 'UTC' },
    { 'ddcloud-timezone': 'America/New_York' },
  ])
    checkHdpHeaders(headers)
})

for (const [name, value, kind] of [
  ['ddcloud-refresh-result', '2', 'bad-request'],
  ['ddcloud-top-mode', 'true', 'bad-request'],
  ['ddcloud-timezone', 'America/New_Yrok', 'bad-request'],
  ['ddcloud-timezone', '', 'bad-request'],
  ['ddcloud-datasource-user', 'scott', 'not-implemented'],
  ['ddcloud-datasource-password', '', 'not-implemented'],
] as const)
  test(`${name} is refused when it is ${value}`, () =>
    assert.throws(() => checkHdpHeaders({ [name]: value }), { kind, target: name }))
