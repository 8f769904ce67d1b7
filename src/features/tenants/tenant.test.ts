import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameKey } from '../access/tenant-filter.ts'
import { parentOf, tenantFault } from './tenant.ts'

const faultOf = (name: string, description = ''): string | undefined =>
  tenantFault({ name, description, active: true })

test('a name may be of any script and have blanks and punctuation inside', () => {
  for (const name of ['OrgA', 'Müller & Söhne', '株式会社', 'a', 'O’Neill (old)', '🙂'])
    assert.equal(faultOf(name), undefined, name)
})

test('a name that is empty, invisible or no text is refused', () => {
  for (const name of [
    '',
    ' ',
    '\u3000',
    'a\nb',
    'a\u0000',
    'a\u2028b',
    'a\u202eb',
    'a\ud800',
    '\u0085',
  ])
    assert.match(faultOf(name) ?? '', /^name must not /, JSON.stringify(name))
})

test('a description has lines and tabs, but no other control characters', () => {
  assert.equal(faultOf('OrgA', 'first\n\tsecond'), undefined)
  for (const text of ['a\rb', 'a\u0000', 'a\u202eb', 'a\udc00'])
    assert.match(faultOf('OrgA', text) ?? '', /^description must not /, JSON.stringify(text))
})

test('names are one name whatever their case, width, composition and outer blanks', () => {
  for (const [one, other] of [
    ['OrgA', ' oRGa '],
    ['ＯｒｇＡ', 'OrgA'],
    ['Müller', 'MU\u0308LLER'],
    ['J\u030cX', '\u01f0x'],
  ] as const)
    assert.equal(nameKey(one), nameKey(other), one)
  assert.notEqual(nameKey('Org A'), nameKey('OrgA'))
})

test('every tenant but the system tenant hangs below the system tenant', () => {
  assert.equal(parentOf(1), null)
  assert.equal(parentOf(71), 1)
})
