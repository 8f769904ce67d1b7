// Links to what follows a page, sealed for one user, data source, path and query (threat T78).
import type { RawCell } from '#odata/render/json.ts'
import type { RenderContext } from '#odata/render/entity.ts'
import type { JsonFormat } from '#odata/render/format.ts'
import { canonicalQuery, entityPath, nextLink } from '#odata/render/links.ts'
import { renderCursor } from '#query/cursor.ts'
import type { Value } from '#query/plan.ts'
import type { Call } from './service.ts'

/** What a cursor belongs to: it opens for the same user, source, path and query only. */
export const cursorContext = ({ deps, context }: Call, path: string, canonical: string): string =>
  JSON.stringify([context.userId, deps.sourceId, path, canonical])

export type Following = {
  /** The collection's path, and its options in canonical form. */
  readonly path: string
  readonly canonical: string
  /** Order of the last row served. */
  readonly after: readonly RawCell[]
  /** Rows that the client's own `$top` still allows. */
  readonly left: number | undefined
}

const values = (cells: readonly RawCell[]): readonly Value[] =>
  cells.map((cell) => {
    if (Array.isArray(cell)) throw new TypeError('Rows have no order')
    return cell as Value
  })

export const linkTo = (call: Call, { path, canonical, after, left }: Following): string => {
  const text = renderCursor({ after: values(after), left })
  const token = call.deps.sealer.seal(text, cursorContext(call, path, canonical))
  call.links.add(token, text)
  return nextLink(call.deps.serviceRoot, path, canonical, token)
}

/** How entities of an answer are rendered; an expanded collection goes on below its owner's own path. */
export const renderContext = (call: Call, format: JsonFormat): RenderContext => ({
  format,
  namespace: call.state.model.namespace,
  serviceRoot: call.deps.serviceRoot,
  nested: ({ expand, size }, ownerKey, after) => {
    const { name, from, query, what } = expand
    const owner = [...call.state.model.sets.values()].find(({ type }) => type === from.type)
    if (owner === undefined) throw new TypeError('An entity of no set')
    const { top } = query.options
    return linkTo(call, {
      path: `${entityPath(owner, ownerKey)}/${encodeURIComponent(name)}${what === 'ref' ? '/$ref' : ''}`,
      canonical: canonicalQuery({ ...query.options, timeZone: call.options.timeZone }),
      after,
      left: top === undefined ? undefined : top - size,
    })
  },
})
