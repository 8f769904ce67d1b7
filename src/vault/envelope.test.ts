import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  createDataKey,
  type DataKey,
  type DataKeyId,
  generationOf,
  openAt,
  openDataKey,
  type Place,
  rewrapDataKey,
  sealedPrefix,
  sealFor,
} from './envelope.ts'
import { createMasterKeys, generateKey, type KeyText, type MasterKeys } from './keys.ts'
import { seal } from './sealing.ts'

const texts = (ids: readonly string[]): readonly KeyText[] =>
  ids.map((id) => ({ id, base64: generateKey() }))
const mastersOf = (...ids: readonly string[]): MasterKeys => {
  const keys = texts(ids)
  return createMasterKeys(() => keys)
}
const masters = mastersOf('m1')
const make = (id: DataKeyId): DataKey =>
  openDataKey(masters, id, createDataKey(masters.newest(), id))

const place: Place = { tenantId: 1, table: 't', rowId: '5', column: 'c', generation: 2 }
const first = make({ tenantId: 1, generation: 0 })
const rotated = make({ tenantId: 1, generation: 7 })
const keys = fc.constantFrom(first, rotated)

const places = fc.record({
  tenantId: fc.integer({ min: 1, max: 3 }),
  table: fc.constantFrom('t', 'u'),
  rowId: fc.constantFrom('1', '11', '2'),
  column: fc.constantFrom('c', 'd'),
  generation: fc.integer({ min: 0, max: 2 }),
})

test('whatever is sealed opens in its place, tells its key, and never seals to the same text twice', () => {
  fc.assert(
    fc.property(keys, places, fc.string({ unit: 'binary' }), (key, at, text) => {
      const sealed = sealFor(key, at, text)
      assert.equal(openAt(key, at, sealed), Buffer.from(text).toString())
      assert.equal(generationOf(sealed), key.generation)
      assert.ok(sealed.startsWith(sealedPrefix(key.generation)))
      assert.notEqual(sealFor(key, at, text), sealed)
    }),
  )
})

test('the first data key of a tenant seals as releases without rotation did', () => {
  const at = '1/t/5/c/2'
  assert.equal(openAt(first, place, seal(first.object, 'secret', at)), 'secret')
  assert.match(sealFor(first, place, 'secret'), /^v1\.[\w-]+$/)
  assert.match(sealFor(rotated, place, 'secret'), /^v2\.7\.[\w-]+$/)
})

test('T74: a sealed value opens in no other tenant, table, row, column or generation', () => {
  fc.assert(
    fc.property(keys, places, places, (key, at, other) => {
      const sealed = sealFor(key, at, 'secret')
      const same = JSON.stringify(at) === JSON.stringify(other)
      assert.equal(openAt(key, other, sealed), same ? 'secret' : undefined)
    }),
  )
})

test('T74: a sealed value opens under no other data key, whatever its beginning says', () => {
  for (const key of [first, rotated]) {
    const payload = sealFor(key, place, 'secret').slice(sealedPrefix(key.generation).length)
    for (const other of [
      key === first ? rotated : first,
      make({ tenantId: 1, generation: key.generation }),
      make({ tenantId: 2, generation: key.generation }),
      make({ tenantId: 1, generation: key.generation + 1 }),
    ])
      for (const generation of [key.generation, other.generation])
        assert.equal(openAt(other, place, sealedPrefix(generation) + payload), undefined)
  }
})

test('a sealed value with a bit of any byte flipped, cut or spelled otherwise does not open', () => {
  for (const key of [first, rotated]) {
    const sealed = sealFor(key, place, 'secret')
    const prefix = sealedPrefix(key.generation)
    const bytes = Buffer.from(sealed.slice(prefix.length), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(openAt(key, place, prefix + changed.toString('base64url')), undefined)
    }
    for (let index = 0; index < sealed.length; index += 1) {
      const code = sealed.charCodeAt(index)
      for (let bit = 0; bit < 7; bit += 1) {
        const other = String.fromCharCode(code ^ (1 << bit))
        const text = sealed.slice(0, index) + other + sealed.slice(index + 1)
        assert.equal(openAt(key, place, text), undefined, text)
      }
      assert.equal(openAt(key, place, sealed.slice(0, index)), undefined)
    }
    for (const text of [`${sealed}A`, `${sealed}=`, ` ${sealed}`, sealed.replace('.', '.0')])
      assert.equal(openAt(key, place, text), undefined)
    assert.equal(openAt(key, place, sealed), 'secret')
  }
})

test('only what a data key can have sealed has a generation', () => {
  for (const text of [
    '',
    'v1',
    'v2.x',
    'v2..x',
    'v2.0.x',
    'v2.01.x',
    'v2.-1.x',
    'v2.1e3.x',
    'v2.9999999999999999.x',
    'v3.1.x',
    ' v1.x',
    'V1.x',
  ])
    assert.equal(generationOf(text), undefined, text)
  assert.equal(generationOf('v1.x'), 0)
  assert.equal(generationOf('v2.12.x'), 12)
})

test('a data key opens with any master key of the list, and says which one is missing', () => {
  const id: DataKeyId = { tenantId: 1, generation: 0 }
  const [older] = texts(['m1'])
  const [newer] = texts(['m2'])
  assert.ok(older !== undefined && newer !== undefined)
  const made = createDataKey(createMasterKeys(() => [older]).newest(), id)
  const both = createMasterKeys(() => [newer, older])
  const object = openDataKey(both, id, made).object
  const again = rewrapDataKey(both, both.newest(), { id, stored: made })
  assert.equal(again.masterKeyId, 'm2')
  const alone = createMasterKeys(() => [newer])
  assert.ok(openDataKey(alone, id, again).object.equals(object))
  assert.throws(
    () => openDataKey(alone, id, made),
    /^Error: The data key 0 of tenant 1 is under the master key m1, which is not there: add it to HEADGATE_MASTER_KEYS/,
  )
  assert.throws(() => openDataKey(mastersOf('m1'), id, made), /cannot be opened; it was altered/)
})

test('T74: a wrapped data key is of one tenant and one generation', () => {
  const ids = [0, 1, 12].flatMap((generation) =>
    [1, 2, 11].map((tenantId): DataKeyId => ({ tenantId, generation })),
  )
  for (const id of ids) {
    const made = createDataKey(masters.newest(), id)
    for (const other of ids)
      if (other === id) assert.ok(openDataKey(masters, other, made))
      else assert.throws(() => openDataKey(masters, other, made), /it was altered/)
  }
})

test('master keys are looked for again where they come from when one is missing, and before one is new', () => {
  const [older, newer] = [texts(['m1']), texts(['m2'])]
  let source = older
  let reads = 0
  const ring = createMasterKeys(() => ((reads += 1), source))
  assert.equal(ring.find('m2'), undefined)
  source = [...newer, ...older]
  assert.deepEqual(
    ring.list().map(({ id }) => id),
    ['m1'],
  )
  assert.equal(ring.find('m2')?.id, 'm2')
  reads = 0
  assert.equal(ring.find('m1')?.id, 'm1')
  assert.equal(reads, 0)
  source = [...texts(['m3']), ...source]
  assert.equal(ring.newest().id, 'm3')
  assert.throws(() => createMasterKeys(() => []), /There is no master key/)
})
