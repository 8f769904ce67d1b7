import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OAuthError } from './errors.ts'
import { odataScope, parseScope } from './scope.ts'

test('an absent scope and every tolerated spelling mean the one scope there is', () => {
  for (const text of [undefined, '', odataScope, `${odataScope} `, 'odata', `odata ${odataScope}`])
    assert.equal(parseScope(text), odataScope)
})

test('T45: any other scope is refused, alone or beside the right one', () => {
  for (const text of [
    'admin',
    `${odataScope} admin`,
    'ODATA',
    `${odataScope}\t`,
    '*',
    `${odataScope},odata`,
  ])
    assert.throws(
      () => parseScope(text),
      (error) => error instanceof OAuthError && error.code === 'invalid_scope',
      text,
    )
})
