// Headers of HDP's own (data access reference A.8). What they ask for is fulfilled or refused, never ignored.
import type { IncomingHttpHeaders } from 'node:http'
import { badRequest, notSupported } from '#odata/errors.ts'
import { requireTimeZone } from '#odata/time-zone.ts'

/** No result is kept, so each page is read anew, and both modes of `$top` are the one that OData defines. */
const flags = ['ddcloud-refresh-result', 'ddcloud-top-mode'] as const

const credentials = ['ddcloud-datasource-user', 'ddcloud-datasource-password'] as const

/**
 * Throws 400 for a flag that is neither 0 nor 1 and for a time zone that there is not, and 501 for credentials of the data store: reading with those of the data source instead would show another user's rows.
 */
export const checkHdpHeaders = (headers: IncomingHttpHeaders): void => {
  for (const name of flags) {
    const value = headers[name]
    if (value !== undefined && value !== '0' && value !== '1')
      throw badRequest(`${name} must be 0 or 1.`, { target: name })
  }
  const zone = headers['ddcloud-timezone']
  if (zone !== undefined) requireTimeZone(String(zone), 'ddcloud-timezone')
  const given = credentials.find((name) => headers[name] !== undefined)
  if (given !== undefined)
    throw notSupported('credentials of the data store in a request; they are the data source’s', {
      target: given,
    })
}
