// A batch as JSON (OData 4.01 JSON Format 19).
import { repeatedKey } from '#lib/repeated-key.ts'
import { badRequest, notSupported, ODataError } from '#odata/errors.ts'
import { type BatchItem, type BatchRequest, isId, mostRequests } from './item.ts'

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const parse = (text: string): unknown => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw badRequest('The body is not JSON.', { target: 'the body' })
  }
  const repeated = repeatedKey(text)
  if (repeated === undefined) return value
  throw badRequest(`'${repeated.slice(0, 40)}' stands twice in one object.`, { target: 'the body' })
}

const headersOf = (value: unknown): ReadonlyMap<string, string> => {
  const headers = new Map<string, string>()
  if (value === undefined) return headers
  if (!isObject(value)) throw badRequest('The headers of a request are an object.')
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw badRequest('The value of a header is a text.')
    headers.set(name.toLowerCase(), text)
  }
  return headers
}

const requestOf = (request: Json): BatchRequest => {
  const { method, url } = request
  if (typeof method !== 'string' || typeof url !== 'string')
    throw badRequest('A request has a method and a url, which are texts.')
  if (request['atomicityGroup'] !== undefined)
    throw notSupported('atomicity groups; this service is read-only')
  if (request['if'] !== undefined) throw notSupported('conditions of requests')
  return { method: method.toUpperCase(), target: url, headers: headersOf(request['headers']) }
}

const dependenciesOf = ({ dependsOn }: Json): readonly string[] => {
  if (dependsOn === undefined) return []
  if (Array.isArray(dependsOn) && dependsOn.every((id) => typeof id === 'string')) return dependsOn
  throw badRequest('dependsOn is a list of ids.')
}

const contentOf = (request: Json): Omit<BatchItem, 'id'> => {
  try {
    return { dependsOn: dependenciesOf(request), content: requestOf(request) }
  } catch (error) {
    if (error instanceof ODataError) return { dependsOn: [], content: error }
    throw error
  }
}

/** Throws 400 where an answer could not be told to which request it belongs. */
const idOf = (request: Json, taken: Set<string>): string => {
  const { id } = request
  if (typeof id !== 'string' || !isId(id) || taken.has(id))
    throw badRequest('A request has an id of its own, of 1 to 128 characters without blanks.', {
      target: 'the body',
    })
  taken.add(id)
  return id
}

/** The requests of a batch. Throws 400 for a body that is no batch; a request that is none becomes a refusal. */
export const fromJson = (text: string): readonly BatchItem[] => {
  const document = parse(text)
  const requests = isObject(document) ? document['requests'] : undefined
  if (!Array.isArray(requests) || !requests.every(isObject))
    throw badRequest('A batch in JSON is {"requests":[{"id":…,"method":…,"url":…}]}.', {
      target: 'the body',
    })
  if (requests.length > mostRequests)
    throw badRequest(`A batch has at most ${mostRequests} requests; send several.`, {
      target: 'the body',
    })
  const taken = new Set<string>()
  return requests.map((request) => ({ id: idOf(request, taken), ...contentOf(request) }))
}
