/** `/api/odata4/<name>/<rest>?<query>`, the rest and the query as they came. */
export type ServiceUrl = { readonly name: string; readonly path: string; readonly query: string }

/** What the URLs of all data sources begin with. */
const servicesRoot = '/api/odata4/'

/**
 * Takes a path that begins with `servicesRoot` apart. Undefined where it begins otherwise, as one may that was routed by its
 * decoded form (`/api/%6Fdata4/…`, an absolute URL), and where its name can be none of a data source.
 */
export const splitServiceUrl = (url: string): ServiceUrl | undefined => {
  if (!url.startsWith(servicesRoot)) return undefined
  const question = url.indexOf('?')
  const path = (question < 0 ? url : url.slice(0, question)).slice(servicesRoot.length)
  const slash = path.indexOf('/')
  const segment = slash < 0 ? path : path.slice(0, slash)
  let name: string
  try {
    name = decodeURIComponent(segment)
  } catch {
    return undefined
  }
  // No name has one, and PostgreSQL cannot even compare it.
  if (name.includes('\0')) return undefined
  return {
    name,
    path: slash < 0 ? '' : path.slice(slash),
    query: question < 0 ? '' : url.slice(question + 1),
  }
}

/** Whether a path below the service root asks for what a body says; some clients encode the dollar. */
export const isPostedQuery = (path: string): boolean => /\/(?:\$|%24)query$/.test(path)
