import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitList } from './header-list.ts'
import { parsePrefer, preferenceApplied } from './prefer.ts'

for (const [prefer, size] of [
  [undefined, undefined],
  ['', undefined],
  ['maxpagesize=5', 5],
  ['odata.maxpagesize=5', 5],
  ['OData.MaxPageSize = 5', 5],
  ['odata.maxpagesize="5"', 5],
  ['respond-async, odata.maxpagesize=5; foo="a,b"', 5],
  ['x="maxpagesize=7, maxpagesize=8", maxpagesize=5', 5],
  ['x="a\\"b, maxpagesize=8", maxpagesize=5', 5],
  ['maxpagesize=5, odata.maxpagesize=6', 5],
  ['respond-async; maxpagesize=5', undefined],
  ['maxpagesize=0', undefined],
  ['maxpagesize=-1', undefined],
  ['maxpagesize=1e3', undefined],
  ['maxpagesize=99999999999', undefined],
  ['maxpagesize', undefined],
  ['notmaxpagesize=5', undefined],
] as const)
  test(`the preferred page size is ${String(size)} for ${String(prefer)}`, () =>
    assert.equal(parsePrefer(prefer).maxPageSize, size))

for (const [prefer, goesOn] of [
  ['odata.continue-on-error', true],
  ['continue-on-error', true],
  ['continue-on-error=true', true],
  ['continue-on-error=false', false],
  ['return=minimal', false],
] as const)
  test(`a batch goes on after an error: ${goesOn}, for ${prefer}`, () =>
    assert.equal(parsePrefer(prefer).continueOnError, goesOn))

test('a granted preference is told in the words of the client', () => {
  const told = (prefer: string) =>
    preferenceApplied(parsePrefer(prefer), 'maxpagesize', 3)['Preference-Applied']
  assert.equal(told('odata.maxpagesize=5'), 'odata.maxpagesize=3')
  assert.equal(told('maxpagesize=5'), 'maxpagesize=3')
})

test('a list of quoted texts is split into what it was joined of', () => {
  const quote = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (texts) => {
      const parts = texts.map(quote)
      assert.deepEqual(splitList(parts.join(' , '), ','), parts)
    }),
  )
})
