// The plan of a page or of a whole result, and what makes text of its rows.
import { ODataError } from '#odata/errors.ts'
import { createAggregatedRenderer } from '#odata/render/aggregated.ts'
import { createCsvRenderer } from '#odata/render/csv.ts'
import { createEntityRenderer, createReferenceRenderer } from '#odata/render/entity.ts'
import { parseCursor, type Cursor } from '#query/cursor.ts'
import { planCollection, type PageRequest } from '#query/from-odata.ts'
import type { Row } from '#query/plan.ts'
import { namingRows } from './naming-rows.ts'
import { cursorContext, renderContext } from './page-links.ts'
import { plainRows } from './page-rows.ts'
import type { Call, PreparedCollection, RenderedPlan } from './service.ts'

/** Where the page begins: behind what a next link says. Throws 410 for a link of somebody else or of another query. */
export const openCursor = (call: Call, prepared: PreparedCollection): Cursor | undefined => {
  const token = call.options.skipToken
  if (token === undefined) return undefined
  const text = call.deps.sealer.open(
    token,
    cursorContext(call, prepared.path.text, prepared.canonical),
  )
  if (text === undefined)
    throw new ODataError(
      'gone',
      'This next link cannot be continued; repeat the query from its start.',
      {
        target: '$skiptoken',
      },
    )
  return parseCursor(text)
}

const planned = (call: Call, prepared: PreparedCollection, page: PageRequest): RenderedPlan => {
  const { path, query, rows, form, isReferences } = prepared
  const format = form.json
  const isAggregated = query.pipeline?.isAggregated === true
  const isFull = format.metadata === 'full' && !isAggregated
  const keyed = isReferences ? 'own' : isFull ? 'all' : undefined
  const plan = planCollection(path, query, rows, { ...page, keyed, now: call.now })
  const { keyAt, expands } = plan.layout
  const references = () => {
    const render = createReferenceRenderer(path.set, { format, serviceRoot: call.deps.serviceRoot })
    return (row: Row) => render(keyAt.map((at) => row[at] ?? null))
  }
  const entities = () =>
    isAggregated
      ? createAggregatedRenderer(plan.layout.properties, {
          format,
          typeName: `${call.state.model.namespace}.${path.set.type.name}`,
          isDynamic: (name) => !name.includes('/') && !path.set.type.properties.has(name),
        })
      : createEntityRenderer(plan.layout, renderContext(call, format))
  if (form.kind === 'csv') {
    const render = createCsvRenderer(plan.layout.properties)
    return { plan, render: namingRows(plan, path.set, render) }
  }
  const render = namingRows(plan, path.set, isReferences ? references() : entities())
  const isPlain = !isReferences && !isAggregated && !isFull && expands.length === 0
  return { plan, render, ...(isPlain ? plainRows(plan.layout, format.ieee754) : {}) }
}

/** A link into an expanded collection belongs to the user who gets it, so that it is rendered anew for each. */
const renderedFor = (
  call: Call,
  { form }: PreparedCollection,
  plan: RenderedPlan['plan'],
): RenderedPlan => ({
  plan,
  render: namingRows(
    plan,
    plan.layout.query.set,
    createEntityRenderer(plan.layout, renderContext(call, form.json)),
  ),
})

/** A plan about a moment is made anew for the next one. */
const keptUnlessDated = (
  plans: PreparedCollection['plans'],
  key: string,
  made: RenderedPlan,
): RenderedPlan => (made.plan.isDated ? made : plans.set(key, made))

/** The plan of the rows from the first one on, all of them where there is no limit. */
export const firstPlan = (
  call: Call,
  prepared: PreparedCollection,
  limit: number | undefined,
): RenderedPlan => {
  const { plans, query } = prepared
  const offset = (call.options.skip ?? 0) > 0 ? call.options.skip : undefined
  const first = () => planned(call, prepared, { limit, offset, after: undefined })
  const known = plans.get(String(limit)) ?? keptUnlessDated(plans, String(limit), first())
  return query.expands.length === 0 ? known : renderedFor(call, prepared, known.plan)
}

/** The limit MaxFetchRows; more than a number counts exactly is none. */
export const mostRows = ({ context }: Call): number | undefined =>
  Number.isSafeInteger(context.limits.rows) ? context.limits.rows : undefined

/**
 * Rows that may follow: what the client's `$top` leaves, and the limit of rows, whichever is less. A next link carries what is
 * left; a limit that was set or lowered meanwhile holds for what follows it.
 */
const rowsLeft = (call: Call, cursor: Cursor | undefined): number | undefined => {
  const most = mostRows(call)
  const left = cursor === undefined ? call.options.top : cursor.left
  return most === undefined ? left : Math.min(left ?? most, most)
}

/** The plan of a page of up to `size` rows that begins at the cursor. */
export const planPage = (
  call: Call,
  prepared: PreparedCollection,
  size: number,
  cursor: Cursor | undefined,
) => {
  const left = rowsLeft(call, cursor)
  const served = Math.min(size, left ?? Infinity)
  // One row more, unless the client's own $top ends here: a link beyond it would be wrong.
  const fetched = left !== undefined && left <= size ? left : served + 1
  const found =
    cursor === undefined
      ? firstPlan(call, prepared, fetched)
      : planned(call, prepared, { limit: fetched, offset: undefined, after: cursor.after })
  return { planned: found, left, served, fetched }
}
