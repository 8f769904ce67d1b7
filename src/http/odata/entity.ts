// One entity, one of its properties, or references (OData 4.01 Protocol 11.2.3 to 11.2.5).
import { bindQuery, type BoundQuery } from '#odata/bind/query.ts'
import type { BoundPath, BoundResource } from '#odata/bind/resource.ts'
import type { Property } from '#odata/edm/model.ts'
import { badRequest, notFound } from '#odata/errors.ts'
import { createEntityRenderer } from '#odata/render/entity.ts'
import {
  controlName,
  isTypeHidden,
  openObject,
  primitiveType,
  type JsonFormat,
} from '#odata/render/format.ts'
import {
  createTextRenderer,
  createValueRenderer,
  unrepresentable,
  type RawValue,
} from '#odata/render/json.ts'
import { absolute, contextUrl, contextUrlOf, entityPath } from '#odata/render/links.ts'
import { keyValues, planEntity } from '#query/from-odata.ts'
import type { ReadPlan, Row } from '#query/plan.ts'
import { jsonContentType, negotiateJson } from './format.ts'
import { renderContext } from './page-links.ts'
import { answerWith, type ODataAnswer } from './service-answer.ts'
import type { Call, PreparedEntity } from './service.ts'

const forCollections = ['filter', 'orderBy', 'top', 'skip', 'skipToken', 'search', 'apply'] as const

const refuseCollectionOptions = ({ options }: Call): void => {
  const wrong = forCollections.find((name) => options[name] !== undefined)
  if (wrong !== undefined || options.count)
    throw badRequest(`$${(wrong ?? 'count').toLowerCase()} applies to collections only.`)
}

const queryOf = ({ state, options }: Call, { path, budget }: BoundResource): BoundQuery =>
  bindQuery(options, {
    model: state.model,
    set: path.set,
    row: path.row,
    budget,
    aliases: new Map(),
  })

const formatOf = ({ request, options, version }: Call): JsonFormat =>
  negotiateJson(request.headers.accept, options.format, version)

const prepare = (call: Call, resource: BoundResource): PreparedEntity => {
  const { serviceRoot } = call.deps
  const { path } = resource
  const format = formatOf(call)
  const query = queryOf(call, resource)
  const isFull = format.metadata === 'full'
  const plan = planEntity(path, query, resource.budget.rows, {
    keyed: isFull ? 'all' : undefined,
    now: call.now,
  })
  const context = contextUrl(serviceRoot, path.set.name, query.listed, true)
  const isEmpty = !isFull && query.outputs.length === 0 && query.expands.length === 0
  return {
    plan,
    format,
    head: openObject(format, context, !isEmpty),
    contentType: jsonContentType(format),
    render: createEntityRenderer(plan.layout, renderContext(call, format)),
  }
}

const firstBatch = async (batches: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> => {
  for await (const rows of batches) if (rows.length > 0) return rows
  return []
}

const readOne = async ({ deps, signal }: Call, plan: ReadPlan): Promise<Row | undefined> => {
  const [row] = deps.source.readNow?.(plan) ?? (await firstBatch(deps.source.read(plan, signal)))
  return row
}

const noEntity = ({ set }: BoundPath) =>
  notFound(`There is no entity with this key in '${set.name}'.`)

const nothing = (): ODataAnswer => ({ status: 204, headers: {}, body: '' })

/** The path up to the entity that the last navigation property starts from. */
const ownerOf = (path: BoundPath): BoundPath | undefined => {
  const last = path.steps.at(-1)
  if (last === undefined) return undefined
  const steps = path.steps.slice(0, -1)
  return { ...path, row: last.from, steps, key: undefined }
}

/**
 * Nothing was found. Where a single-valued property led to it there may be nothing to find, which is 204
 * (Protocol 11.2.4.1), provided that the entity before it exists.
 */
const answerNothing = async (call: Call, resource: BoundResource): Promise<ODataAnswer> => {
  const { path, budget } = resource
  const last = path.steps.at(-1)
  const owner = ownerOf(path)
  if (last === undefined || last.navigation.collection || owner === undefined) throw noEntity(path)
  const set = [...call.state.model.sets.values()].find(({ type }) => type === last.from.type)
  if (set === undefined) throw new TypeError('An entity of no set')
  const query = { set, row: last.from, outputs: [], expands: [], listed: undefined }
  const plan = planEntity(
    { ...owner, set },
    { ...query, filter: undefined, orderBy: [], options: call.options, pipeline: undefined },
    budget.rows,
    { now: call.now },
  )
  if ((await readOne(call, plan)) === undefined) throw noEntity({ ...owner, set })
  return nothing()
}

/** What is about a moment is made anew for the next one. */
const keptUnlessDated = (
  entities: Call['state']['entities'],
  key: string,
  made: PreparedEntity,
): PreparedEntity => (made.plan.isDated ? made : entities.set(key, made))

/** The plan of `Set(key)` is made once for a projection; the key's values are put into its first slots. */
const preparedFor = (
  call: Call,
  resource: BoundResource,
): { readonly prepared: PreparedEntity; readonly plan: ReadPlan } => {
  const { state, request, version } = call
  const { key, set } = resource.path
  // In another zone than GMT which local times a stamp means depends on the stamp.
  if (key === undefined || set.type.key.some(({ zone }) => zone !== undefined)) {
    const prepared = prepare(call, resource)
    return { prepared, plan: prepared.plan }
  }
  const cacheKey = `${set.name}?${request.query}#${version} ${request.headers.accept}`
  const known = state.entities.get(cacheKey)
  const shared = known ?? keptUnlessDated(state.entities, cacheKey, prepare(call, resource))
  const { layout, shape, values } = shared.plan
  // A link into an expanded collection belongs to the user who gets it, so that it is rendered anew for each.
  const prepared =
    layout.expands.length === 0
      ? shared
      : { ...shared, render: createEntityRenderer(layout, renderContext(call, shared.format)) }
  return { prepared, plan: { shape, values: [...keyValues(key), ...values.slice(key.length)] } }
}

/** One entity. The hot path, when it is asked for by key: no stream, one prepared statement. */
export const answerEntity = async (call: Call, resource: BoundResource): Promise<ODataAnswer> => {
  refuseCollectionOptions(call)
  const { prepared, plan } = preparedFor(call, resource)
  const row = await readOne(call, plan)
  if (row === undefined) return answerNothing(call, resource)
  const body = `${prepared.head}${prepared.render(row)}}`
  return { ...answerWith(200, prepared.contentType, body), identity: call.links.identityOf(body) }
}

const valueIn = (row: Row): RawValue => {
  const [cell = null] = row
  if (Array.isArray(cell)) throw new TypeError('Rows stand where a value is expected')
  return cell as RawValue
}

const readProperty = async (
  call: Call,
  { path, budget }: BoundResource,
  property: Property,
): Promise<RawValue> => {
  const { set, row } = path
  const expression = { kind: 'property', instance: row, property, type: property.type } as const
  const query: BoundQuery = {
    set,
    row,
    outputs: [{ property, expression }],
    expands: [],
    listed: undefined,
    filter: undefined,
    orderBy: [],
    options: call.options,
    pipeline: undefined,
  }
  const found = await readOne(call, planEntity(path, query, budget.rows, { now: call.now }))
  if (found === undefined) throw noEntity(path)
  return valueIn(found)
}

const refuseOptions = (call: Call): void => {
  refuseCollectionOptions(call)
  const { select, expand, compute } = call.options
  if ([select, expand, compute].some((given) => given !== undefined))
    throw badRequest('Only $format applies to a property.')
}

/** `/Set(key)/Property` (Protocol 11.2.4): null has no content. */
export const answerProperty = async (
  call: Call,
  resource: BoundResource,
  property: Property,
): Promise<ODataAnswer> => {
  refuseOptions(call)
  const format = formatOf(call)
  const value = await readProperty(call, resource, property)
  if (value === null && property.collection !== true) return nothing()
  const fragment = `${resource.path.text}/${encodeURIComponent(property.name)}`
  const head = openObject(format, contextUrlOf(call.deps.serviceRoot, fragment))
  const text = createValueRenderer(property, format.ieee754)(value)
  const isTold = format.metadata === 'full' && isTypeHidden(property.type, text)
  const type = isTold ? `${controlName(format, 'type')}:${primitiveType(format, property)},` : ''
  return answerWith(200, jsonContentType(format), `${head}${type}"value":${text}}`)
}

/** `/Set(key)/Property/$value`: the value alone, as text; bytes as they are (Protocol 11.2.4.1). */
export const answerValue = async (
  call: Call,
  resource: BoundResource,
  property: Property,
): Promise<ODataAnswer> => {
  refuseOptions(call)
  if (property.collection === true)
    throw badRequest(`'${property.name}' is a list, which has no bare value; leave /$value out.`)
  const value = await readProperty(call, resource, property)
  if (value === null) return nothing()
  if (property.type === 'Edm.Binary') {
    if (!(value instanceof Uint8Array)) throw unrepresentable(property)
    return answerWith(200, 'application/octet-stream', value)
  }
  const plain = createTextRenderer(property)(value)
  return answerWith(200, 'text/plain;charset=utf-8', plain)
}

/** `/Set(key)/$ref` (Protocol 11.2.8): where the entity is. */
export const answerReference = async (
  call: Call,
  resource: BoundResource,
): Promise<ODataAnswer> => {
  refuseOptions(call)
  const { path, budget } = resource
  const format = formatOf(call)
  const query: BoundQuery = {
    set: path.set,
    row: path.row,
    outputs: [],
    expands: [],
    listed: undefined,
    filter: undefined,
    orderBy: [],
    options: call.options,
    pipeline: undefined,
  }
  const plan = planEntity(path, query, budget.rows, { keyed: 'own', now: call.now })
  const row = await readOne(call, plan)
  if (row === undefined) return answerNothing(call, resource)
  const key = plan.layout.keyAt.map((at) => row[at] ?? null)
  const { serviceRoot } = call.deps
  const id = JSON.stringify(absolute(serviceRoot, entityPath(path.set, key)))
  const head = openObject(format, contextUrlOf(serviceRoot, '$ref'))
  return answerWith(200, jsonContentType(format), `${head}${controlName(format, 'id')}:${id}}`)
}
