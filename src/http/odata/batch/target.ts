// Which resource a request of a batch means (OData 4.01 Protocol 11.7.2.1).
import { dataSourceNameKey } from '#features/data-sources/data-source.ts'
import { badRequest } from '#odata/errors.ts'
import { splitServiceUrl } from '../service-url.ts'

/** Where a batch was sent to. */
export type BatchPlace = {
  /** Scheme, host and port that this server goes by. */
  readonly publicUrl: string
  /** The Host header of the batch: the name that the client itself uses. */
  readonly host: string | undefined
  /** The name of the data source. */
  readonly name: string
}

const elsewhere = () =>
  badRequest('A batch reads the data source that it was sent to, and no other.', {
    target: 'a part of the batch',
  })

const isHere = (origin: string, { publicUrl, host }: BatchPlace): boolean =>
  origin === publicUrl.toLowerCase() || origin.replace(/^https?:\/\//, '') === host?.toLowerCase()

/**
 * Path and query below the service root of a target: an absolute URL of this server, an absolute path, or a URL that is
 * relative to the service root. Nothing is normalized: what is left is read like the path of any other request, to
 * which `..` is no name. Throws 400 for another server or data source, whether they exist or not (T71): the token was
 * checked for the one of the batch.
 */
export const resolveTarget = (
  target: string,
  place: BatchPlace,
): { readonly path: string; readonly query: string } => {
  if (target.includes('#')) throw badRequest('A URL in a batch has no fragment.')
  const [, origin, rest] = /^(https?:\/\/[^/?]*)(.*)$/i.exec(target) ?? []
  if (origin !== undefined && !isHere(origin.toLowerCase(), place)) throw elsewhere()
  const path = rest ?? target
  if (origin === undefined && !path.startsWith('/')) {
    const question = path.indexOf('?')
    return question < 0
      ? { path: `/${path}`, query: '' }
      : { path: `/${path.slice(0, question)}`, query: path.slice(question + 1) }
  }
  const url = splitServiceUrl(path)
  if (url === undefined || dataSourceNameKey(url.name) !== dataSourceNameKey(place.name))
    throw elsewhere()
  return { path: url.path, query: url.query }
}
