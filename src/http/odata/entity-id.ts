// `/$entity?$id=…`: which entity an id means (OData 4.01 Protocol 11.2.9).
import { bindResource, type BoundResource } from '#odata/bind/resource.ts'
import { badRequest, notSupported } from '#odata/errors.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import type { ResourcePath } from '#odata/ast.ts'
import type { Call } from './service.ts'

const target = '$id'

/**
 * The path of an id below the service root: of an absolute URL, an absolute path, or one that is relative to the root.
 * Throws 400 for another place: the caller's access was checked for this data source and no other (T71).
 */
const pathOf = (id: string, serviceRoot: string): string => {
  if (/[?#]/.test(id)) throw badRequest('An id has neither options nor a fragment.', { target })
  for (const root of [serviceRoot, new URL(serviceRoot).pathname])
    if (id.startsWith(`${root}/`)) return id.slice(root.length)
  if (id.startsWith('/') || /^[a-z][a-z\d+.-]*:/i.test(id))
    throw badRequest(`An id of this service begins with ${serviceRoot}/, or with a set.`, {
      target,
    })
  return `/${id}`
}

/** The entity that `$id` means, as if its own URL had been asked for. Throws 400 where it is no URL of one entity. */
export const bindEntityId = (
  { cast }: Extract<ResourcePath, { readonly kind: 'entity' | 'all' }>,
  { deps, state, options }: Call,
): BoundResource => {
  if (cast !== undefined) throw notSupported('a type after $entity')
  if (options.id === undefined)
    throw badRequest('Say which entity: $entity?$id=Orders(7).', { target })
  const path = parseResourcePath(pathOf(options.id, deps.serviceRoot))
  const resource = path.kind === 'resource' ? bindResource(path, state.model, new Map()) : undefined
  if (resource?.what.kind !== 'entities' || !resource.path.single)
    throw badRequest('$id is not the URL of one entity.', { target })
  return resource
}
