// A data source of a test's own engine as an OData service, watched: what it is asked for, and in which words.
import assert from 'node:assert/strict'
import { parseODataOptions } from '#connectors/odata-options.ts'
import type { Source } from '#connectors/connector.ts'
import { createODataService } from '#http/odata/answer.ts'
import type { Model } from '#odata/edm/model.ts'
import type { ReadPlan } from '#query/plan.ts'
import { compileCount, compileRead } from '#sql/compile.ts'
import type { Dialect } from '#sql/dialect.ts'
import { serviceRoot, testSealer } from '#test/support/odata-service.ts'

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json }
export type JsonRow = { readonly [name: string]: Json }

export type Page = { readonly rows: readonly JsonRow[]; readonly count: Json | undefined }

/** How pages are walked: how large they are, and what is done before the next one is asked for. */
export type Walk = { readonly pageSize: number; readonly between?: () => Promise<unknown> }

const never = new AbortController().signal
const accept = 'application/json;IEEE754Compatible=true'

const isObject = (json: Json | undefined): json is JsonRow =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

const isList = (json: Json | undefined): json is readonly Json[] => Array.isArray(json)

/** @param dialect the one that the source compiles for */
export const createWatched = (source: Source, model: Model, dialect: Dialect) => {
  const statements: string[] = []
  const read = (plan: ReadPlan) => statements.push(compileRead(plan.shape, dialect).text)
  const watched: Source = {
    capabilities: source.capabilities,
    version: source.version,
    describe: source.describe,
    read: (plan, signal) => {
      read(plan)
      return source.read(plan, signal)
    },
    count: (plan, signal) => {
      statements.push(compileCount(plan.shape, dialect).text)
      return source.count(plan, signal)
    },
    explain: source.explain,
    close: source.close,
  }
  const service = createODataService({
    source: watched,
    models: { current: () => model, ask: () => undefined, status: () => ({ kind: 'none' }) },
    sourceId: '7',
    namespace: 'p',
    settings: parseODataOptions({}),
    sealer: testSealer,
    serviceRoot,
  })

  const ask = async (url: string, pageSize: number): Promise<JsonRow> => {
    const [path = '', query = ''] = url.split('?')
    const context = { userId: 'u', limits: { rows: Infinity, pageSize } }
    const request = { method: 'GET', path, query, headers: { accept } }
    const { body, status } = await service.answer(request, context, never)
    assert.equal(status, 200)
    let text = ''
    if (typeof body === 'string') text = body
    else for await (const piece of body) text += piece
    return JSON.parse(text) as JsonRow
  }

  const below = (link: Json | undefined): string => {
    assert.ok(typeof link === 'string' && link.startsWith(serviceRoot))
    return link.slice(serviceRoot.length)
  }

  /** All rows from a page on, one page after the other. */
  const rowsFrom = async (page: JsonRow, walk: Walk): Promise<readonly JsonRow[]> => {
    const rows: JsonRow[] = []
    for (let next = page; ; ) {
      const { value, '@odata.nextLink': link } = next
      assert.ok(isList(value))
      for (const row of value) {
        assert.ok(isObject(row))
        rows.push(await whole(row, walk))
      }
      if (link === undefined) return rows
      await walk.between?.()
      next = await ask(below(link), walk.pageSize)
    }
  }

  /** A row with all that is expanded in it, and without what is said about it. */
  const whole = async (row: JsonRow, walk: Walk): Promise<JsonRow> => {
    const members: [string, Json][] = []
    for (const [name, json] of Object.entries(row)) {
      if (name.includes('@') && !name.endsWith('@odata.count')) continue
      if (isObject(json)) members.push([name, await whole(json, walk)])
      else if (isList(json)) {
        const { [`${name}@odata.nextLink`]: link } = row
        const page = link === undefined ? { value: json } : { value: json, '@odata.nextLink': link }
        members.push([name, await rowsFrom(page, walk)])
      } else members.push([name, json])
    }
    return Object.fromEntries(members)
  }

  /** The answer to a request, its pages and those of what is expanded put together. */
  const all = async (url: string, walk: Walk): Promise<Page> => {
    const first = await ask(url, walk.pageSize)
    return { rows: await rowsFrom(first, walk), count: first['@odata.count'] }
  }
  return { ask, all, statements }
}
