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
