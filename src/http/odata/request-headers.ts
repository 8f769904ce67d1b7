import type { FastifyRequest } from 'fastify'
import { noSource } from './access.ts'
import { splitServiceUrl, type ServiceUrl } from './service-url.ts'
import type { ODataRequest } from './service.ts'

const names = [
  'accept',
  'prefer',
  'odata-version',
  'odata-maxversion',
  'if-none-match',
  'ddcloud-timezone',
] as const satisfies readonly (keyof ODataRequest['headers'])[]

/** Of the headers of a request those that mean something to OData, repetitions joined as HTTP joins them. */
export const odataHeaders = ({
  headers,
}: Pick<FastifyRequest, 'headers'>): ODataRequest['headers'] => {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = headers[name]
    if (value !== undefined) picked[name] = Array.isArray(value) ? value.join(',') : value
  }
  return picked
}

/** Which data source is meant, and what of it. Throws 404. */
export const serviceUrlOf = (request: FastifyRequest): ServiceUrl => {
  const url = splitServiceUrl(request.raw.url ?? '')
  if (url === undefined) throw noSource()
  return url
}
