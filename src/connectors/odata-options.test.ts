import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDefinitions, odataOptions, parseODataOptions } from './odata-options.ts'

test('OData options have defaults when none is given', () => {
  assert.deepEqual(parseODataOptions({ ODataPageSize: '0' }), {
    nameCase: 'Default',
    schemaMap: undefined,
    pageSize: undefined,
    readOnly: false,
    timeZone: undefined,
  })
})

for (const options of [
  { ODataVersion: '2' },
  { ODataPageSize: '10001' },
  { ODataPageSize: '-1' },
  { ODataNameMappingCase: 'upper' },
  { ODataDefaultTimezone: 'Europe/Berln' },
  { ODataSchemaMap: '{' },
  { ODataReadOnly: 'yes' },
])
  test(`OData options are refused by name when they are ${JSON.stringify(options)}`, () =>
    assert.throws(() => parseODataOptions(options), {
      kind: 'rejected',
      message: new RegExp(`^${Object.keys(options)[0]}`),
    }))

test('an option is refused when it is unknown, missing or too long', () => {
  const definitions = [{ name: 'A', required: true, secret: false, maxLength: 3 }, ...odataOptions]
  assert.throws(() => checkDefinitions({ A: 'x', Nope: '' }, definitions), /'Nope'/)
  assert.throws(() => checkDefinitions({}, definitions), /A is missing/)
  assert.throws(() => checkDefinitions({ A: 'xxxx' }, definitions), /longer/)
})
