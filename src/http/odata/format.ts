// Which representation is asked for: `$format`, `Accept`, `Prefer` and the version headers.
import { badRequest, notSupported, ODataError } from '#odata/errors.ts'

export type JsonFormat = { readonly metadata: 'minimal' | 'none'; readonly ieee754: boolean }

type MediaRange = { readonly type: string; readonly parameters: ReadonlyMap<string, string> }

const parseRange = (text: string): MediaRange & { readonly quality: number } => {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase())
  const parameters = new Map(
    rest.map((parameter): [string, string] => {
      const [name = '', value = ''] = parameter.split('=', 2)
      return [name.trim().replace(/^odata\./, ''), value.trim().replaceAll('"', '')]
    }),
  )
  const quality = Number(parameters.get('q') ?? 1)
  return { type, parameters, quality: Number.isNaN(quality) ? 0 : quality }
}

/** Media ranges, best first. Those of equal quality keep the client's order. */
const parseAccept = (accept: string): readonly MediaRange[] =>
  accept
    .split(',')
    .map(parseRange)
    .filter(({ type, quality }) => type !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality)

const shorthands: ReadonlyMap<string, string> = new Map([
  ['json', 'application/json'],
  ['xml', 'application/xml'],
  ['atom', 'application/atom+xml'],
])

/** OData 4.01 URL 5.1.8: `$format` wins over `Accept`. */
const asked = (accept: string | undefined, format: string | undefined): readonly MediaRange[] => {
  if (format !== undefined) return [parseRange(shorthands.get(format.toLowerCase()) ?? format)]
  return accept === undefined || accept === '' ? [parseRange('*/*')] : parseAccept(accept)
}

const notAcceptable = (offered: string): ODataError =>
  new ODataError('not-acceptable', `Only ${offered} is offered here; change Accept or $format.`)

const anything: ReadonlySet<string> = new Set(['*/*', 'application/*'])

const jsonOf = ({ type, parameters }: MediaRange): JsonFormat | 'full' | undefined => {
  if (type !== 'application/json' && !anything.has(type)) return undefined
  const charset = parameters.get('charset') ?? 'utf-8'
  const metadata = parameters.get('metadata') ?? 'minimal'
  if (charset !== 'utf-8') return undefined
  if (metadata === 'full') return 'full'
  if (metadata !== 'minimal' && metadata !== 'none') return undefined
  return { metadata, ieee754: parameters.get('ieee754compatible') === 'true' }
}

/** JSON Format 3: the metadata level and the form of big numbers. */
export const negotiateJson = (
  accept: string | undefined,
  format: string | undefined,
): JsonFormat => {
  const found = asked(accept, format).map(jsonOf)
  const json = found.find((range) => typeof range === 'object')
  if (json !== undefined) return json
  if (found.includes('full')) throw notSupported('odata.metadata=full')
  throw notAcceptable('application/json')
}

/** `$metadata` is XML unless XML is excluded; many clients ask for JSON everywhere but read XML here. */
export const negotiateXml = (accept: string | undefined, format: string | undefined): void => {
  const xml = new Set([...anything, 'application/xml', 'text/xml', 'text/*'])
  if (!asked(accept, format).some(({ type }) => xml.has(type)))
    throw notAcceptable('application/xml')
}

export const jsonContentType = ({ metadata, ieee754 }: JsonFormat): string =>
  `application/json;odata.metadata=${metadata};odata.streaming=true;` +
  `${ieee754 ? 'IEEE754Compatible=true;' : ''}charset=utf-8`

/** OData 4.01 Protocol 8.2.8.6: the page size a client prefers, with and without the old prefix. */
export const preferredPageSize = (prefer: string | undefined): number | undefined => {
  const found = /(?:^|[,;\s])(?:odata\.)?maxpagesize\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(
    prefer ?? '',
  )
  const size = Number(found?.[1])
  return size > 0 ? size : undefined
}

const versionOf = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined || text === '') return undefined
  if (!/^\d{1,2}\.\d{1,2}$/.test(text)) throw badRequest(`${name} must be a version such as 4.0.`)
  return Number(text)
}

/** OData 4.01 Protocol 8.1.5 and 8.2.7: we speak 4.0. */
export const checkVersions = (
  version: string | undefined,
  maxVersion: string | undefined,
): void => {
  const used = versionOf('OData-Version', version)
  if (used !== undefined && used !== 4 && used !== 4.01)
    throw badRequest('OData-Version must be 4.0 or 4.01.')
  if ((versionOf('OData-MaxVersion', maxVersion) ?? 4) < 4)
    throw badRequest('OData-MaxVersion must be at least 4.0: no older version is spoken here.')
}
