// What holds of random requests on every engine: they answer what the naive evaluator finds, in pages of any size, with one
// statement a page, in whose text nothing of the request stands.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import type { Model } from '#odata/edm/model.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import type { Dialect } from '#sql/dialect.ts'
import type { Engine, OpenedEngine } from '#test/contract/connectors/contract.ts'
import { times } from '#test/support/times.ts'
import { choices, chooseBy, type Choose } from './choose.ts'
import { assertRows } from './compared.ts'
import { tablesOf } from './data.ts'
import { worldOf, type World } from './naive-rows.ts'
import { evaluateRequest, type Wanted } from './naive-query.ts'
import { Ambiguous } from './naive-steps.ts'
import { applyRequest } from './pipelines.ts'
import { entityRequest } from './requests.ts'
import { createWatched, type JsonRow } from './service.ts'

/** Milliseconds that requests are tried for, or a failure made smaller. */
const longest = times(20_000)

/** Rows that are never more. */
const wholePage = 5000

/** All literals of a parsed request that no statement has of itself. */
const literalsIn = (node: unknown): readonly string[] => {
  if (typeof node !== 'object' || node === null) return []
  const isLiteral = 'kind' in node && node.kind === 'literal' && 'value' in node
  const own = isLiteral ? [String(node.value)] : 'count' in node ? [String(node.count)] : []
  const inner = Object.values(node).flatMap(literalsIn)
  return [...own, ...inner].filter((text) => /\d{5}|-\d\d-|:\d\d|😀|[^ -~]|'/.test(text))
}

const wantedOf = (url: string, world: World): Wanted | undefined => {
  try {
    return evaluateRequest(url, world)
  } catch (error) {
    if (error instanceof Ambiguous) return undefined
    throw error
  }
}

/** The data of a seed in an engine, and the check of one request for them. */
export const openPlans = async (engine: Engine, dialect: Dialect, seed: number) => {
  const tables = tablesOf(seed)
  const opened: OpenedEngine = await engine.open(tables)
  const catalog = await opened.source.describe()
  // Where a source tells of no keys, the schema map would. References it would not: files have none.
  const known = catalog.tables.map((found) => {
    const table = tables.find(({ name }) => name === found.name)
    return table === undefined ? found : { ...found, primaryKey: table.key }
  })
  const settings = { namespace: 'p', nameCase: 'Default', schemaMap: undefined } as const
  const model = modelFromTables(known, settings)
  const world = worldOf(model, tables)
  const watched = createWatched(opened.source, model, dialect)

  /** Asks in one page and in small ones; says whether the answer was compared with rows that are some. */
  const check = async (url: string, pageSize: number): Promise<boolean> => {
    const about = `${decodeURIComponent(url)} by ${pageSize} (data ${seed})`
    watched.statements.length = 0
    const first = await watched.ask(url, wholePage).catch((error: unknown) => {
      throw new Error(about, { cause: error })
    })
    const isCounted = first['@odata.count'] !== undefined
    assert.ok(watched.statements.length <= (isCounted ? 2 : 1), `${about}: one statement`)
    const literals = literalsIn(parseQueryOptions(url.split('?')[1] ?? ''))
    for (const statement of watched.statements)
      for (const literal of literals)
        assert.ok(!statement.includes(literal), `${about}: ${literal} stands in ${statement}`)
    const found = await watched.all(url, { pageSize })
    const wanted = wantedOf(url, world)
    if (wanted === undefined) {
      assert.deepEqual(found, await watched.all(url, { pageSize: wholePage }), about)
      return false
    }
    assertRows(found.rows, wanted.rows, wanted.isOrdered, about)
    if (wanted.total !== undefined) assert.equal(found.count, String(wanted.total), about)
    return wanted.rows.length > 0
  }
  return { opened, model, watched, check }
}

export type PlansRun = {
  readonly engine: Engine
  readonly dialect: Dialect
  /** How many requests for entities, and how many with `$apply`. */
  readonly runs: readonly [entities: number, applied: number]
  /** Decides the data, and with it which requests are tried. */
  readonly seed: number
}

export const testPlans = ({ engine, dialect, runs, seed }: PlansRun): void => {
  describe(`random requests on ${engine.name}`, () => {
    let plans: Awaited<ReturnType<typeof openPlans>>
    before(async () => {
      plans = await openPlans(engine, dialect, seed)
    })
    after(() => plans.opened.close())

    const tryMany = async (
      requestOf: (model: Model, choose: Choose) => string,
      numRuns: number,
    ): Promise<void> => {
      let telling = 0
      let tried = 0
      await fc.assert(
        fc.asyncProperty(choices, fc.constantFrom(7, 20, wholePage), async (numbers, size) => {
          const url = requestOf(plans.model, chooseBy(numbers))
          tried++
          telling += (await plans.check(url, size)) ? 1 : 0
        }),
        // A busy machine tries fewer; what failed by then is told.
        { numRuns, seed, interruptAfterTimeLimit: longest },
      )
      assert.ok(telling > tried / 4, `only ${telling} requests were compared with rows`)
    }
    test('requests for entities answer what is found in memory', async (t) => {
      t.diagnostic(`seed ${seed}`)
      await tryMany(entityRequest, runs[0])
    })
    test('requests with $apply answer what is found in memory', async (t) => {
      t.diagnostic(`seed ${seed}`)
      await tryMany(applyRequest, runs[1])
    })
    test('pages give every row once, in its order, while others are added', async (t) => {
      const { opened, watched } = plans
      const { change } = opened
      if (change === undefined) return t.skip(`${engine.name} cannot change what they hold`)
      let id = 10_000
      const between = () =>
        change(
          `INSERT INTO "Sale" ("id", "customer", "n", "note") VALUES (${++id}, 1, ${id % 5}, ${id % 2 === 0 ? "'ab'" : 'NULL'})`,
        )
      const idsOf = (rows: readonly JsonRow[]): readonly number[] =>
        rows.flatMap(({ id: own, Sales }) =>
          Array.isArray(Sales) ? idsOf(Sales as readonly JsonRow[]) : [Number(own)],
        )
      for (const url of [
        '/Sales?$select=id',
        '/Sales?$select=id&$orderby=note desc,n',
        '/Sales?$select=id&$orderby=n,Customer/name desc&$filter=n ne 3',
        '/Customers?$select=name&$filter=id eq 1&$expand=Sales($select=id;$orderby=note,n desc)',
      ]) {
        const address = url.replaceAll(' ', '%20')
        const before = idsOf((await watched.all(address, { pageSize: wholePage })).rows)
        const walked = idsOf((await watched.all(address, { pageSize: 30, between })).rows)
        assert.ok(id > 10_000)
        assert.deepEqual(
          walked.filter((each) => each < 10_000),
          before,
          url,
        )
        assert.equal(new Set(walked).size, walked.length, url)
        await change(`DELETE FROM "Sale" WHERE "id" >= 10000`)
      }
    })
  })
}
