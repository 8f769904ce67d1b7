// From a URL below a service root to the plan that answers it, without a service.
import assert from 'node:assert/strict'
import { bindQuery, type BoundQuery } from '#odata/bind/query.ts'
import { bindResource, type BoundPath } from '#odata/bind/resource.ts'
import type { Source } from '#connectors/connector.ts'
import type { Model } from '#odata/edm/model.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import {
  planCollection,
  planEntity,
  type CollectionPlan,
  type PageRequest,
} from '#query/from-odata.ts'
import type { Cell, ReadPlan, Row, Value } from '#query/plan.ts'

export type BoundUrl = {
  readonly path: BoundPath
  readonly query: BoundQuery
  readonly rows: number
}

export const wholePage: PageRequest = { limit: undefined, offset: undefined, after: undefined }

export const bindUrl = (model: Model, url: string): BoundUrl => {
  const question = url.indexOf('?')
  const parsed = parseResourcePath(question < 0 ? url : url.slice(0, question))
  assert.ok(parsed.kind === 'resource', url)
  const options = parseQueryOptions(question < 0 ? '' : url.slice(question + 1))
  const { path, budget } = bindResource(parsed, model, options.aliases)
  const { set, row } = path
  const query = bindQuery(options, { model, set, row, budget, aliases: new Map() })
  return { path, query, rows: budget.rows }
}

export const planOfUrl = (
  model: Model,
  url: string,
  page: PageRequest = wholePage,
): CollectionPlan => {
  const { path, query, rows } = bindUrl(model, url)
  return path.single ? planEntity(path, query, rows) : planCollection(path, query, rows, page)
}

/** A cell that holds no rows. */
export const valueOf = (cell: Cell | undefined): Value => {
  assert.ok(!Array.isArray(cell))
  return (cell ?? null) as Value
}

/** What a page by keyset goes on after. */
export const orderValues = ({ layout }: CollectionPlan, row: Row): readonly Value[] =>
  layout.orderAt.map((at) => valueOf(row[at]))

const never = new AbortController().signal

/** Makes the function that gives all rows of a plan. */
export const collectRows =
  (source: Source) =>
  async (plan: ReadPlan): Promise<readonly Row[]> => {
    const found: Row[] = []
    for await (const batch of source.read(plan, never)) found.push(...batch)
    return found
  }
