// One table and what must hold of it on every engine: what a filter that is pushed down finds, and what pages give.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { Model } from '#odata/edm/model.ts'
import { encodeQueryText } from '#odata/render/url.ts'
import { evaluate, truth } from '#query/evaluate.ts'
import type { PageRequest } from '#query/from-odata.ts'
import type { ReadPlan, Row, Value } from '#query/plan.ts'
import { orderValues, planOfUrl, valueOf, wholePage } from '#test/support/plans.ts'
import {
  at,
  bigs,
  clocks,
  condition,
  dates,
  decimals,
  doubles,
  guids,
  integers,
  orders,
  stamps,
  texts,
} from './filters.ts'

/** Rows for the columns `id t c e n m b d x r f at ts day clock g`, in this order. @param ownStamps those of `at` */
export const pushdownRows = (ownStamps: readonly (string | null)[] = stamps) =>
  Array.from({ length: 120 }, (_, i) => [
    i,
    at(texts, i),
    at(['a', 'B', null], i * 2),
    at(['sad', 'ok', null], i),
    at(integers, i * 7),
    i % 3,
    at(bigs, i * 3),
    at(doubles, i * 11),
    at(decimals, i * 7),
    at([0.1, -2.5, 3, null], i * 5),
    at([true, false, null], i * 5),
    at(ownStamps, i * 13),
    at(stamps, i * 3),
    at(dates, i * 17),
    at(clocks, i * 3),
    at(guids, i * 7),
  ])

const literal = (value: Value): string =>
  value === null ? 'NULL' : `'${String(value).replaceAll("'", "''")}'`

/** The rows as what follows `VALUES`, for engines that read a quoted value as what its column holds. */
export const pushdownValues = (): string =>
  pushdownRows()
    .map((row) => `(${row.map(literal).join()})`)
    .join()

export type OpenedTable = {
  readonly model: Model
  /** The name of the table's set. */
  readonly set: string
  readonly run: (plan: ReadPlan) => readonly Row[] | Promise<readonly Row[]>
  readonly close: () => void | Promise<void>
}

export type Pushdown = {
  readonly engine: string
  /** Makes the table and opens it. */
  readonly open: () => OpenedTable | Promise<OpenedTable>
  /** How many filters are tried, and how many of them at least find some rows and not all. */
  readonly filters: { readonly runs: number; readonly telling: number }
  readonly pages: {
    readonly runs: number
    readonly smallest: number
    readonly orders?: fc.Arbitrary<string>
  }
}

/** Declares the tests of one engine; answers how one plans for its table. */
export const testPushdown = ({ engine, open, filters, pages }: Pushdown) => {
  let table: OpenedTable
  let everything: readonly Row[]
  const planOf = (query: string, request: PageRequest = wholePage) =>
    planOfUrl(table.model, `/${table.set}?${query}`, request)
  const idOf = (row: Row): Value => valueOf(row[0])
  const columnIn = (row: Row, name: string): Value => {
    const properties = [...(table.model.sets.get(table.set)?.type.properties.values() ?? [])]
    return valueOf(row[properties.findIndex(({ column }) => column === name)])
  }
  before(async () => {
    table = await open()
    everything = await table.run(planOf(''))
    assert.equal(everything.length, pushdownRows().length)
  })
  after(() => table.close())

  test(`a filter pushed down to ${engine} finds the rows that the evaluation in memory finds`, async () => {
    let telling = 0
    await fc.assert(
      fc.asyncProperty(condition, async (filter) => {
        const plan = planOf(`$filter=${encodeQueryText(filter)}`)
        const { filter: expression } = plan.shape
        assert.ok(expression)
        const pushed = (await table.run(plan)).map(idOf)
        const kept = everything.filter((row) => {
          const cell = (_row: number, name: string) => columnIn(row, name)
          return truth(evaluate(expression, { cell, values: plan.values })) === true
        })
        assert.deepEqual(pushed, kept.map(idOf), filter)
        telling += pushed.length > 0 && pushed.length < everything.length ? 1 : 0
      }),
      { numRuns: filters.runs },
    )
    assert.ok(telling > filters.telling, `only ${telling} filters told rows apart`)
  })

  test(`pages by keyset give every row of ${engine} once and in the order of the whole`, async () => {
    await fc.assert(
      fc.asyncProperty(
        pages.orders ?? orders,
        fc.integer({ min: pages.smallest, max: 50 }),
        fc.constantFrom('', '&$filter=m ne 1'),
        async (order, size, more) => {
          const query = `$select=id&$orderby=${order}${more}`
          const whole = (await table.run(planOf(query))).map(idOf)
          const paged: Value[] = []
          let last: readonly Value[] | undefined
          for (;;) {
            const plan = planOf(query, { limit: size, offset: undefined, after: last })
            const found = await table.run(plan)
            paged.push(...found.map(idOf))
            assert.ok(paged.length <= everything.length, order)
            if (found.length < size) break
            last = orderValues(plan, found.at(-1) ?? [])
          }
          assert.deepEqual(paged, whole, order)
        },
      ),
      { numRuns: pages.runs },
    )
  })
  return { planOf }
}
