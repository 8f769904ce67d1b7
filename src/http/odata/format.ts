// Which representation is asked for, and what the answer calls it.
import { ODataError } from '#odata/errors.ts'
import type { JsonFormat, MetadataLevel } from '#odata/render/format.ts'
import type { ODataVersion } from '#odata/version.ts'
import { askedRanges, type MediaRange } from './media.ts'

const notAcceptable = (offered: string): ODataError =>
  new ODataError('not-acceptable', `Only ${offered} is offered here; change Accept or $format.`)

const anything: ReadonlySet<string> = new Set(['*/*', 'application/*'])
const xmlTypes: ReadonlySet<string> = new Set(['application/xml', 'text/xml'])
const jsonType = 'application/json'

const isUtf8 = ({ parameters }: MediaRange): boolean =>
  (parameters.get('charset') ?? 'utf-8').toLowerCase() === 'utf-8'

const levels: ReadonlyMap<string, MetadataLevel> = new Map([
  ['none', 'none'],
  ['minimal', 'minimal'],
  ['full', 'full'],
])

const jsonOf = (range: MediaRange, version: ODataVersion): JsonFormat | undefined => {
  const { type, parameters } = range
  if ((type !== jsonType && !anything.has(type)) || !isUtf8(range)) return undefined
  const metadata = levels.get((parameters.get('metadata') ?? 'minimal').toLowerCase())
  if (metadata === undefined) return undefined
  const ieee754 = parameters.get('ieee754compatible')?.toLowerCase() === 'true'
  return { metadata, ieee754, version }
}

/** JSON Format 3: the metadata level and the form of big numbers. Throws 406. */
export const negotiateJson = (
  accept: string | undefined,
  format: string | undefined,
  version: ODataVersion = '4.0',
): JsonFormat => {
  for (const range of askedRanges(accept, format)) {
    const json = jsonOf(range, version)
    if (json !== undefined) return json
  }
  throw notAcceptable(jsonType)
}

/** What a collection is shown as: a page of JSON, or the whole of it line by line. */
export type CollectionForm = {
  readonly kind: 'page' | 'csv' | 'ndjson'
  readonly contentType: string
  /** How JSON is written in it, where there is any. */
  readonly json: JsonFormat
}

const pageForm = (json: JsonFormat): CollectionForm => ({
  kind: 'page',
  contentType: jsonContentType(json),
  json,
})

const ndjsonTypes: ReadonlySet<string> = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
])

/** Lines of JSON have no metadata: there is no place for a context, and a type in each line is much for an export. */
const ndjsonOf = (range: MediaRange, version: ODataVersion): CollectionForm | undefined => {
  const { type, parameters } = range
  if (!ndjsonTypes.has(type) || !isUtf8(range)) return undefined
  const json = jsonOf({ ...range, type: jsonType }, version)
  if (json === undefined || (json.metadata !== 'none' && parameters.has('metadata')))
    return undefined
  const contentType = `${type}${json.ieee754 ? ';IEEE754Compatible=true' : ''}`
  return { kind: 'ndjson', contentType, json: { ...json, metadata: 'none' } }
}

/** RFC 4180 section 3 has the parameter `header`. */
const csvOf = (range: MediaRange, version: ODataVersion): CollectionForm | undefined => {
  const { type, parameters } = range
  if (type !== 'text/csv' || !isUtf8(range)) return undefined
  if ((parameters.get('header') ?? 'present').toLowerCase() !== 'present') return undefined
  return {
    kind: 'csv',
    contentType: 'text/csv;charset=utf-8;header=present',
    json: { metadata: 'none', ieee754: false, version },
  }
}

/** What a collection of entities is shown as. A wildcard means JSON: an export is asked for by name. Throws 406. */
export const negotiateCollection = (
  accept: string | undefined,
  format: string | undefined,
  version: ODataVersion,
): CollectionForm => {
  for (const range of askedRanges(accept, format)) {
    const json = jsonOf(range, version)
    const form = json === undefined ? undefined : pageForm(json)
    const found = form ?? csvOf(range, version) ?? ndjsonOf(range, version)
    if (found !== undefined) return found
  }
  throw notAcceptable(`${jsonType}, text/csv or application/x-ndjson`)
}

/** The same for references, of which there are pages alone. Throws 406. */
export const negotiateReferences = (
  accept: string | undefined,
  format: string | undefined,
  version: ODataVersion,
): CollectionForm => pageForm(negotiateJson(accept, format, version))

/**
 * The form of `$metadata`. It is JSON only for who says so and leaves no room for XML: many clients ask for JSON
 * everywhere, `*\/*` behind it, and read XML here (OData 4.01 Protocol 11.1.2). Throws 406.
 */
export const negotiateMetadata = (
  accept: string | undefined,
  format: string | undefined,
): 'xml' | 'json' => {
  const ranges = askedRanges(accept, format).filter(isUtf8)
  if (ranges.some(({ type }) => anything.has(type) || type === 'text/*')) return 'xml'
  const xml = ranges.find(({ type }) => xmlTypes.has(type))
  const json = ranges.find(({ type }) => type === jsonType)
  if (json === undefined && xml === undefined)
    throw notAcceptable('application/xml or application/json')
  return json !== undefined && json.quality > (xml?.quality ?? 0) ? 'json' : 'xml'
}

/** 4.01 drops the prefix of the parameters, too (JSON Format 3). */
export const jsonContentType = ({ metadata, ieee754, version }: JsonFormat): string => {
  const prefix = version === '4.0' ? 'odata.' : ''
  return (
    `application/json;${prefix}metadata=${metadata};${prefix}streaming=true;` +
    `${ieee754 ? 'IEEE754Compatible=true;' : ''}charset=utf-8`
  )
}

/** Of answers that are no data, so that nothing but the version can be asked for. */
export const plainJsonType = (version: ODataVersion): string =>
  `application/json;${version === '4.0' ? 'odata.' : ''}metadata=minimal;charset=utf-8`
