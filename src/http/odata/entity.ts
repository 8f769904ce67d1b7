import type { KeyPart } from '#odata/ast.ts'
import { bindEntity, type BoundEntity } from '#odata/bind-request.ts'
import type { EntitySet } from '#odata/edm/model.ts'
import { notFound } from '#odata/errors.ts'
import { createLayout } from '#odata/render/layout.ts'
import { contextUrl } from '#odata/render/links.ts'
import { keyValues, shapeOfEntity } from '#query/from-odata.ts'
import type { Row } from '#query/plan.ts'
import { controlPrefix } from '#odata/version.ts'
import { jsonContentType, negotiateJson } from './format.ts'
import { answerWith, type ODataAnswer } from './service-answer.ts'
import type { Call, PreparedEntity } from './service.ts'

const prepare = (call: Call, { set, select }: BoundEntity): PreparedEntity => {
  const { deps, request, options, version } = call
  const format = negotiateJson(request.headers.accept, options.format, version)
  const { serviceRoot } = deps
  const { namespace } = call.state.model
  const layout = createLayout({ set, select, namespace, serviceRoot, format })
  const context = contextUrl(serviceRoot, set.name, select.listed, true)
  const comma = layout.isEmpty ? '' : ','
  const named = `"${controlPrefix(version)}context"`
  return {
    shape: shapeOfEntity(set.type, layout.properties),
    select,
    head: format.metadata === 'none' ? '{' : `{${named}:${JSON.stringify(context)}${comma}`,
    contentType: jsonContentType(format),
    render: layout.render,
  }
}

const firstBatch = async (batches: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> => {
  for await (const rows of batches) if (rows.length > 0) return rows
  return []
}

/** One entity by its key (OData 4.01 Protocol 11.2.3). The hot path: no stream, one prepared statement. */
export const answerEntity = async (
  call: Call,
  set: EntitySet,
  key: readonly KeyPart[],
): Promise<ODataAnswer> => {
  const { deps, state, request, options, signal, version } = call
  const bound = bindEntity(set, key, options)
  const cacheKey = `${set.name}?${request.query}#${version} ${request.headers.accept}`
  const prepared =
    state.entities.get(cacheKey) ?? state.entities.set(cacheKey, prepare(call, bound))
  const plan = { shape: prepared.shape, values: keyValues(bound) }
  const [row] = deps.source.readNow?.(plan) ?? (await firstBatch(deps.source.read(plan, signal)))
  if (row !== undefined)
    return answerWith(200, prepared.contentType, `${prepared.head}${prepared.render(row)}}`)
  throw notFound(`There is no entity with this key in '${set.name}'.`)
}
