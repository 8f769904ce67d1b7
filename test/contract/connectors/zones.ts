// Stamps without a zone, read in one: what holds of every connector (data access reference A.11).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Source } from '#connectors/connector.ts'
import { findTimeZone } from '#lib/time-zone.ts'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import type { Model } from '#odata/edm/model.ts'
import { zonedModel } from '#odata/edm/zoned.ts'
import { createRowRenderer } from '#odata/render/json.ts'
import { encodeQueryText } from '#odata/render/url.ts'
import { evaluate } from '#query/evaluate.ts'
import type { Row } from '#query/plan.ts'
import { javaInstant, shownOffset } from '../../support/zone-oracle.ts'
import { orderValues, planOfUrl, valueOf, wholePage } from '../../support/plans.ts'
import type { Engine, OpenedEngine } from './contract.ts'
import type { TestTable } from './tables.ts'

/** Local times at and around changes of clocks: gaps, hours that come twice, half an hour, a whole day. */
const changes: readonly (readonly [zone: string, around: string])[] = [
  ['Europe/Berlin', '2020-03-29T02:30'],
  ['Europe/Berlin', '2020-10-25T02:30'],
  ['America/New_York', '2021-03-14T02:30'],
  ['America/New_York', '2021-11-07T01:30'],
  ['Australia/Lord_Howe', '2021-10-03T02:15'],
  ['Australia/Lord_Howe', '2021-04-04T01:45'],
  ['Pacific/Apia', '2011-12-30T12:00'],
  ['Asia/Kolkata', '2021-04-04T01:45'],
  ['-03:30', '2021-04-04T01:45'],
]

const seconds = (text: string): number => Date.parse(`${text}Z`) / 1000
const iso = (at: number): string => new Date(at * 1000).toISOString().slice(0, 19)

const steps = [-86_400, -7200, -3600, -1800, -900, -1, 0, 600, 1800, 3600, 86_400]
const locals = [
  ...new Set(changes.flatMap(([, around]) => steps.map((step) => seconds(around) + step))),
]

const moment: TestTable = {
  name: 'Moment',
  columns: [
    { name: 'id', type: 'Edm.Int32', required: true },
    { name: 'at', type: 'Edm.DateTimeOffset', zoneless: true },
  ],
  key: ['id'],
  rows: [
    ...locals.map((local, id) => [String(id), `${iso(local)}.250`]),
    ['900', null],
    ['901', '0001-01-01T00:00:00'],
    ['902', '9999-12-31T23:59:59'],
  ],
}

const never = new AbortController().signal

const rowsOf = async (batches: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> => {
  const found: Row[] = []
  for await (const batch of batches) found.push(...batch)
  return found
}

const oracle = (zone: string, local: number): number =>
  zone === '-03:30' ? local + 12_600 : javaInstant(zone, local)

const holds: Record<string, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
}

const cases = fc.record({
  change: fc.constantFrom(...changes),
  step: fc.constantFrom(...steps, -5400, -2700, 2700, 5400),
  operator: fc.constantFrom(...Object.keys(holds)),
  offset: fc.constantFrom('Z', '+02:00', '-05:30'),
  form: fc.constantFrom<'plain' | 'turned' | 'not' | 'in' | 'moved'>(
    'plain',
    'turned',
    'not',
    'in',
    'moved',
  ),
})

export const zoneContract = (engine: Engine): void => {
  describe(`stamps without a zone on ${engine.name}`, () => {
    let opened: OpenedEngine
    let source: Source
    let base: Model
    before(async () => {
      opened = await engine.open([moment])
      source = opened.source
      base = modelFromTables((await source.describe()).tables, {
        namespace: 'z',
        nameCase: 'Default',
        schemaMap: { tables: { Moment: { columns: { id: { primaryKeyComponent: 1 } } } } },
      })
    })
    after(() => opened.close())

    const modelIn = (id: string): Model => {
      const zone = findTimeZone(id)
      assert.ok(zone, id)
      return zonedModel(base, zone)
    }
    const setName = (): string =>
      [...base.sets.keys()].find((name) => name.startsWith('Moment')) ?? ''
    const planIn = (zone: string, query: string, page = wholePage) =>
      planOfUrl(modelIn(zone), `/${setName()}?${query}`, page)
    const idsOf = async (zone: string, query: string): Promise<readonly unknown[]> =>
      (await rowsOf(source.read(planIn(zone, query), never))).map(([id]) => Number(id))

    test('are served with the offset that the zone has then, as java.time takes them', async () => {
      for (const zone of new Set(changes.map(([id]) => id))) {
        const plan = planIn(zone, '$orderby=id&$filter=id lt 900')
        const render = createRowRenderer(plan.layout.properties, false)
        for (const row of await rowsOf(source.read(plan, never))) {
          const { id, at } = JSON.parse(`{${render(row)}}`) as { id: number; at: string }
          const instant = oracle(zone, locals[id] ?? 0)
          assert.equal(Date.parse(at) / 1000, instant + 0.25, `${zone} ${at}`)
          const offset = zone === '-03:30' ? -12_600 : shownOffset(zone, instant)
          const shown = at.replace(/(?:Z|[+-]\d\d:\d\d)$/, '')
          assert.equal(Date.parse(`${shown}Z`) / 1000, instant + offset + 0.25, at)
        }
      }
    })

    test('meet an instant as the instants that they are, pushed down and in memory alike', async () => {
      let told = 0
      const instants = new Map<string, readonly number[]>()
      const all = await rowsOf(source.read(planIn('GMT', '$orderby=id'), never))
      await fc.assert(
        fc.asyncProperty(
          cases,
          async ({ change: [zone, around], step, operator, offset, form }) => {
            const known = instants.get(zone) ?? locals.map((local) => oracle(zone, local) + 0.25)
            instants.set(zone, known)
            const from = oracle(zone, seconds(around)) + step
            const shift = offset === 'Z' ? 0 : offset === '+02:00' ? 7200 : -19_800
            const literal = `${iso(from + shift)}.25${offset}`
            const later = `${iso(from + 3600)}.25Z`
            const condition = {
              plain: `at ${operator} ${literal}`,
              turned: `${literal} ${operator} at`,
              not: `not (at ${operator} ${literal})`,
              in: `at in (${literal},${later})`,
              moved: `at ${operator} ${later} sub duration'PT1H'`,
            }[form]
            const expected = known.flatMap((instant, id) => {
              const right = from + 0.25
              const test = holds[operator] ?? (() => false)
              const found = {
                plain: () => test(instant, right),
                turned: () => test(right, instant),
                not: () => !test(instant, right),
                in: () => instant === right || instant === right + 3600,
                moved: () => test(instant, right),
              }[form]()
              return found ? [id] : []
            })
            const filter = `(${condition}) and id lt 900`
            const query = `$select=id&$orderby=id&$filter=${encodeQueryText(filter)}`
            assert.deepEqual(await idsOf(zone, query), expected, `${zone} ${filter}`)
            const { shape, values } = planIn(zone, query)
            const kept = all.filter((row) => {
              const cell = (_row: number, column: string) => valueOf(row[column === 'id' ? 0 : 1])
              assert.ok(shape.filter)
              return evaluate(shape.filter, { cell, values }) === true
            })
            assert.deepEqual(
              kept.map(([id]) => Number(id)),
              expected,
              `in memory: ${zone} ${filter}`,
            )
            told += expected.length > 0 && expected.length < locals.length ? 1 : 0
          },
        ),
        { numRuns: 250 },
      )
      assert.ok(told > 80, `only ${told} filters told rows apart`)
    })

    test('keep null and the ends of the calendar apart from everything', async () => {
      const few = '$select=id&$orderby=id&$filter=id ge 900 and '
      for (const [filter, found] of [
        ['at eq null', [900]],
        ['at ne null', [901, 902]],
        // In Berlin the first year began before it did in Greenwich.
        ['at lt mindatetime()', [901]],
        ['at le maxdatetime()', [901, 902]],
        ['at lt maxdatetime()', [901, 902]],
        ['at ne 2020-01-01T00:00:00Z', [900, 901, 902]],
        ['at in (null,2020-01-01T00:00:00Z)', [900]],
        ['at lt 0001-01-01T12:00:00Z', [901]],
        ['at gt now()', [902]],
        ['not (at gt 2020-01-01T00:00:00Z)', [900, 901]],
        ['year(at) eq 9999', [902]],
      ] as const) {
        const query = few + encodeQueryText(filter)
        const page = { ...wholePage, now: '2026-01-01T00:00:00.000Z' }
        const plan = planIn('Europe/Berlin', query, page)
        assert.equal(plan.isDated, filter.includes('now()'), filter)
        const rows = await rowsOf(source.read(plan, never))
        assert.deepEqual(
          rows.map(([id]) => Number(id)),
          found,
          filter,
        )
      }
    })

    test('have the date and the clock of the zone, not those of GMT', async () => {
      const filter =
        'date(at) eq 2020-10-25 and time(at) eq 02:30:00.25 and hour(at) eq 2 and minute(at) eq 30'
      const query = `$select=id&$filter=${encodeQueryText(filter)}`
      const expected = [locals.indexOf(seconds('2020-10-25T02:30'))]
      assert.deepEqual(await idsOf('Europe/Berlin', query), expected)
      assert.deepEqual(await idsOf('GMT', query), expected)
    })

    test('page in the order of their local times, and every row comes once', async () => {
      for (const order of ['at', 'at desc', 'at desc,id']) {
        const query = `$select=id&$orderby=${encodeQueryText(order)}`
        const whole = await idsOf('Europe/Berlin', query)
        const paged: number[] = []
        let last: ReturnType<typeof orderValues> | undefined
        for (let more = true; more; ) {
          const plan = planIn('Europe/Berlin', query, { limit: 7, offset: undefined, after: last })
          const rows = await rowsOf(source.read(plan, never))
          paged.push(...rows.map(([id]) => Number(id)))
          last = orderValues(plan, rows.at(-1) ?? [])
          more = rows.length === 7
        }
        assert.deepEqual(paged, whole, order)
        assert.equal(new Set(whole).size, moment.rows.length)
      }
    })

    test('are the least and the greatest of a group with their offset', async () => {
      const filter = 'filter(id lt 900)/aggregate(at with max as M,at with min as N)'
      const plan = planIn('America/New_York', `$apply=${encodeQueryText(filter)}`)
      const render = createRowRenderer(plan.layout.properties, false)
      const [row = []] = await rowsOf(source.read(plan, never))
      const found = JSON.parse(`{${render(row)}}`) as Record<string, string>
      const at = (local: number): number => oracle('America/New_York', local) + 0.25
      assert.equal(Date.parse(found['M'] ?? '') / 1000, at(Math.max(...locals)))
      assert.equal(Date.parse(found['N'] ?? '') / 1000, at(Math.min(...locals)))
      assert.match(found['M'] ?? '', /-0[45]:00$/)
    })

    for (const query of [
      "$filter=at add duration'PT1H' gt 2020-01-01T00:00:00Z",
      "$filter=at sub 2020-01-01T00:00:00Z gt duration'PT1H'",
      '$filter=totaloffsetminutes(at) eq 60',
      '$compute=case(id gt 1:at,true:2020-01-01T00:00:00Z) as C&$select=C',
    ])
      test(`are refused where a change of clocks would make the answer wrong: ${query}`, () =>
        assert.throws(() => planIn('Europe/Berlin', encodeURI(query)), { kind: 'not-implemented' }))

    test('calculate exactly where the clock is never changed', async () => {
      const [around] = locals
      const filter = `id eq 0 and at add duration'PT1H' eq ${iso((around ?? 0) - 7200 + 3600)}.25Z`
      const query = `$select=id&$filter=${encodeQueryText(filter)}`
      assert.deepEqual(await idsOf('+02:00', query), [0])
      const other = "id eq 0 and (at add duration'PT1H') sub at eq duration'PT1H'"
      assert.deepEqual(await idsOf('+02:00', `$select=id&$filter=${encodeQueryText(other)}`), [0])
    })
  })
}
