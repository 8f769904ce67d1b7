// What is explained is what is run: the statements that `explain` shows are given to the engine itself, without the connector, and
// must find the rows that the connector reads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { ExplainedStatement, Source } from '#connectors/connector.ts'
import type { EdmType } from '#odata/edm/types.ts'
import type { Model } from '#odata/edm/model.ts'
import { encodeQueryText } from '#odata/render/url.ts'
import { contentsOf } from '#query/contents.ts'
import type { PageRequest } from '#query/from-odata.ts'
import type { ReadPlan, Row, Value } from '#query/plan.ts'
import { orderValues, planOfUrl, wholePage } from '../../support/plans.ts'

/** Runs a statement on the engine, by its own driver. Cells may be in any form that the driver has. */
export type RunStatement = (
  text: string,
  values: readonly Value[],
  types: readonly (EdmType | undefined)[],
) => Promise<readonly (readonly unknown[])[]>

type Explaining = {
  readonly source: () => Source
  readonly model: () => Model
  readonly run: () => RunStatement
  readonly hidden: () => readonly string[]
  readonly filters: readonly string[]
  readonly relatedFilters: readonly (readonly [filter: string, table: string, ...unknown[]])[]
  readonly aggregations: readonly string[]
  readonly hasKeys: boolean
  readonly runaway: ReadPlan
}

const never = new AbortController().signal

/** Beyond every row id. */
const noEnd = 2n ** 62n

/** Cells of drivers, and of the connectors, in one form. */
const plain = (cell: unknown): unknown => {
  if (Array.isArray(cell)) return cell.map(plain)
  if (cell === null || cell === undefined) return null
  if (typeof cell === 'string' && /^\[.*\]$/.test(cell)) return plain(JSON.parse(cell))
  const text = typeof cell === 'string' ? cell : inspect(cell).replace(/n$/, '')
  if (/^(?:t|f|true|false)$/.test(text)) return text.startsWith('t') ? 1 : 0
  return /^-?[\d.]+(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text
}

const collect = async (rows: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> => {
  const found: Row[] = []
  for await (const batch of rows) found.push(...batch)
  return found
}

export const explainingContract = (given: Explaining): void => {
  const { source, model } = given
  const setOf = (table: string): string =>
    [...model().sets.values()].find(({ type }) => type.table === table)?.name ?? table
  const planOf = (table: string, query: string, page: PageRequest = wholePage) =>
    planOfUrl(model(), `/${encodeURIComponent(setOf(table))}?${query}`, page)

  const runShown = ({ text, parameters }: ExplainedStatement, plan: ReadPlan) => {
    const { slots } = contentsOf(plan.shape)
    return given.run()(
      text,
      parameters.map(({ value }) => (value === undefined ? noEnd : value)),
      parameters.map(({ slot }) => slots.get(slot)?.type),
    )
  }
  /** The rows that a plan reads, which each of the statements shown for it must find as well. */
  const prove = async (plan: ReadPlan, what: string): Promise<readonly Row[]> => {
    const explanation = await source().explain(plan, 'rows', never)
    const { statements } = explanation
    assert.ok(statements.length > 0)
    const told = inspect(explanation, { depth: null, maxStringLength: null })
    for (const text of given.hidden()) assert.ok(!told.includes(text), `${text} in ${what}`)
    const read = await collect(source().read(plan, never))
    for (const statement of statements)
      assert.deepEqual(plain(await runShown(statement, plan)), plain(read), what)
    const counted = await source().explain(plan, 'count', never)
    for (const statement of counted.statements)
      assert.deepEqual(
        plain(await runShown(statement, plan)),
        [[Number(await source().count(plan, never))]],
        what,
      )
    return read
  }
  const filtered = (filter: string) => `$filter=${encodeQueryText(filter)}`

  test('shows the statements of filters as they are run, values apart from them', async () => {
    let found = 0
    for (const filter of given.filters)
      found += (await prove(planOf('Item', `$select=id&$orderby=id&${filtered(filter)}`), filter))
        .length
    assert.ok(found > given.filters.length)
    if (!given.hasKeys) return
    for (const [filter, table] of given.relatedFilters)
      await prove(
        planOf(table, `$select=${table === 'Item' ? 'id' : 'code'}&${filtered(filter)}`),
        filter,
      )
  })
  test('shows the statements of aggregations as they are run', async () => {
    for (const apply of given.aggregations)
      await prove(planOf('Item', `$apply=${encodeQueryText(apply)}`), apply)
  })
  test('shows the statements of pages, of their cursors and of windows as they are run', async () => {
    for (const query of [
      '$orderby=id',
      '$orderby=t desc',
      '$orderby=n,f desc',
      '$filter=id gt 1',
    ]) {
      const page = { limit: 2, offset: undefined, after: undefined }
      const first = planOf('Item', `$select=id&${query}`, page)
      const rows = await prove(first, query)
      const after = orderValues(first, rows.at(-1) ?? [])
      assert.equal(
        (await prove(planOf('Item', `$select=id&${query}`, { ...page, after }), query)).length,
        2,
      )
    }
  })
  if (given.hasKeys)
    test('shows the statements of expanded rows and of single ones as they are run', async () => {
      const nested = '$select=code&$orderby=code&$expand=Items($select=id;$orderby=id desc;$top=1)'
      const [row] = await prove(
        planOf('Kind', encodeQueryText(nested).replaceAll('%26', '&')),
        nested,
      )
      assert.ok(Array.isArray(row?.[1]) && row[1].length === 1)
      const one = planOfUrl(model(), `/${setOf('Kind')}('a')/Items(1)?$select=id`)
      assert.equal((await prove(one, 'one')).length, 1)
    })
  test('explains without a row being read, and puts no value into the text', async () => {
    // Its first row never comes.
    const { statements } = await source().explain(given.runaway, 'rows', never)
    assert.match(statements[0]?.text ?? '', /Runaway/)
    const { statements: counting } = await source().explain(given.runaway, 'count', never)
    assert.match(counting[0]?.text ?? '', /count\(\*\)/)
    const plan = planOf('Item', filtered("t eq 'zzqq' or n eq 987654"))
    const [shown] = (await source().explain(plan, 'rows', never)).statements
    assert.doesNotMatch(shown?.text ?? '', /zzqq|987654/)
    assert.deepEqual(
      shown?.parameters.slice(0, 2).map(({ value }) => value),
      ['zzqq', 987_654n],
    )
  })
}
