// The one place where URLs of an answer are built; all start at the configured service root, whatever the
// request's headers say.
import type { QueryOptions } from '../ast.ts'
import type { EntitySet, Property } from '../edm/model.ts'
import { createTextRenderer, valueIn, type RawCell } from './json.ts'
import { encodeQueryText, renderQueryOptions } from './url.ts'

const withoutSlash = (serviceRoot: string): string => serviceRoot.replace(/\/$/, '')

export const metadataUrl = (serviceRoot: string): string => `${withoutSlash(serviceRoot)}/$metadata`

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

/** Of a property of an entity (Protocol 10.15), or of references (10.12). */
export const contextUrlOf = (serviceRoot: string, fragment: string): string =>
  `${metadataUrl(serviceRoot)}#${fragment}`

/** The parts of the key that a client knows of; what tells equal rows of `$apply` apart has a name that none can write. */
export const linkKey = ({ type }: EntitySet): readonly Property[] =>
  type.key.filter(({ name }) => !name.startsWith('$'))

/** `(1)`, `('a%2Fb')`, `(A=1,B='x')`: values of a key as a part of a path. */
export const keySegment = (set: EntitySet, values: readonly RawCell[]): string => {
  const key = linkKey(set)
  const parts = key.map(({ name, type: of }, i) => {
    const value = String(values[i])
    const text = of === 'Edm.String' ? `'${value.replaceAll("'", "''")}'` : value
    const literal = encodeURIComponent(text).replaceAll('%3A', ':')
    return key.length === 1 ? literal : `${encodeURIComponent(name)}=${literal}`
  })
  return `(${parts.join(',')})`
}

/**
 * Makes the function that gives the canonical path of an entity (OData 4.01 URL 4.3.1). A value stands in it as it does
 * in a body, where it was checked: a client that follows the link asks for that very text.
 */
export const createEntityPath = (set: EntitySet): ((key: readonly RawCell[]) => string) => {
  const name = encodeURIComponent(set.name)
  const cells = linkKey(set).map(createTextRenderer)
  return (key) =>
    name +
    keySegment(
      set,
      cells.map((cell, i) => cell(valueIn(key[i]))),
    )
}

export const entityPath = (set: EntitySet, key: readonly RawCell[]): string =>
  createEntityPath(set)(key)

export const absolute = (serviceRoot: string, path: string): string =>
  `${withoutSlash(serviceRoot)}/${path}`

/** The canonical form of the options, which a cursor is bound to. */
export const canonicalQuery = (options: QueryOptions): string => renderQueryOptions(options)

/** OData 4.01 Protocol 11.2.6.7: opaque, and complete in itself. */
export const nextLink = (
  serviceRoot: string,
  path: string,
  canonical: string,
  token: string,
): string => {
  const options = canonical === '' ? '' : `${canonical}&`
  return `${absolute(serviceRoot, path)}?${options}$skiptoken=${encodeQueryText(token)}`
}
