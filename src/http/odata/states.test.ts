import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import type { EntityType, Model } from '#odata/edm/model.ts'
import { createState, stateIn } from './states.ts'

const column = (name: string, type: 'Edm.Int32' | 'Edm.DateTimeOffset') => ({
  name,
  declaredType: '',
  type,
  length: undefined,
  scale: undefined,
  nullable: false,
  ...(type === 'Edm.Int32' ? {} : { zoneless: 'always' as const }),
})

/** A model of many tables that counts how often somebody looks through the properties of one. */
const counted = () => {
  let looks = 0
  const plain = modelFromTables(
    Array.from({ length: 50 }, (_, i) => ({
      name: `T${i}`,
      columns: [column('id', 'Edm.Int32'), column('at', 'Edm.DateTimeOffset')],
      primaryKey: ['id'],
      foreignKeys: [],
    })),
    { namespace: 'n', nameCase: 'Default', schemaMap: undefined },
  )
  const watched = (type: EntityType): EntityType => ({
    ...type,
    properties: new Proxy(type.properties, {
      get: (map, name) => {
        looks++
        const member: unknown = Reflect.get(map, name)
        return typeof member === 'function' ? (member.bind(map) as unknown) : member
      },
    }),
  })
  const sets = new Map(
    [...plain.sets].map(([name, set]) => [name, { ...set, type: watched(set.type) }]),
  )
  const model: Model = { ...plain, sets }
  return { model, looks: () => looks }
}

test('a model is not gone through for a zone; a set is, when it is asked for, once', () => {
  const { model, looks } = counted()
  const state = createState(model)
  for (let minutes = 10; minutes < 60; minutes++) stateIn(state, `+01:${minutes}`)
  const zoned = stateIn(state, 'Asia/Tokyo')
  const [name = ''] = model.sets.keys()
  const set = zoned.model.sets.get(name)
  assert.equal(looks(), 0)
  assert.equal(set?.type.properties.get('at')?.zone?.id, 'Asia/Tokyo')
  assert.equal(zoned.model.sets.get(name), set)
  assert.equal(set?.type.properties, set?.type.properties)
  assert.equal(looks(), 1)
})

test('however a zone is spelled, its state is the same, and that of GMT is the one of no zone', () => {
  const state = createState(counted().model)
  const berlin = stateIn(state, 'Europe/Berlin')
  assert.equal(stateIn(state, 'europe/BERLIN'), berlin)
  assert.equal(stateIn(state, 'UTC+2'), stateIn(state, '+02:00'))
  for (const id of [undefined, 'GMT', 'utc', 'Z', '-00:00', 'Etc/UTC', 'UT+0'])
    assert.equal(stateIn(state, id), state, id)
})

test('zones share documents and parsed options, and nothing that depends on the zone', () => {
  const state = createState(counted().model)
  const [berlin, tokyo] = [stateIn(state, 'Europe/Berlin'), stateIn(state, 'Asia/Tokyo')]
  assert.equal(berlin.documents, state.documents)
  assert.equal(berlin.options, state.options)
  for (const own of ['model', 'entities', 'collections'] as const)
    assert.equal(new Set([state[own], berlin[own], tokyo[own]]).size, 3, own)
})
