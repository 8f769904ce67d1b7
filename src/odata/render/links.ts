// The one place where URLs of an answer are built; all start at the configured service root, whatever the
// request's headers say.
import type { QueryOptions } from '../ast.ts'
import { encodeQueryText, renderQueryOptions } from './url.ts'

const withoutSlash = (serviceRoot: string): string => serviceRoot.replace(/\/$/, '')

export const metadataUrl = (serviceRoot: string): string => `${withoutSlash(serviceRoot)}/$metadata`

/** The URL of an entity set, which those of its entities begin with. */
export const setUrl = (serviceRoot: string, setName: string): string =>
  `${withoutSlash(serviceRoot)}/${encodeURIComponent(setName)}`

/** OData 4.01 Protocol 10: the projection is listed exactly; some readers refuse rows otherwise. */
export const contextUrl = (
  serviceRoot: string,
  setName: string,
  projection: readonly string[] | undefined,
  isEntity: boolean,
): string => {
  const listed = projection === undefined ? '' : `(${projection.join(',')})`
  const fragment = `${encodeURIComponent(setName)}${listed}${isEntity ? '/$entity' : ''}`
  return `${metadataUrl(serviceRoot)}#${fragment}`
}

/** The canonical form of the options, which a cursor is bound to. */
export const canonicalQuery = (options: QueryOptions): string => renderQueryOptions(options)

/** OData 4.01 Protocol 11.2.6.7: opaque, and complete in itself. */
export const nextLink = (
  serviceRoot: string,
  setName: string,
  canonical: string,
  token: string,
): string => {
  const options = canonical === '' ? '' : `${canonical}&`
  return `${setUrl(serviceRoot, setName)}?${options}$skiptoken=${encodeQueryText(token)}`
}
