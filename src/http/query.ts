import type { FastifyRequest } from 'fastify'
import type { Endpoint } from '#features/endpoint.ts'
import { meaningful, type Parameters, textParameter } from '#features/parameters.ts'
import { ManagementError, refusals } from '#features/refusals.ts'
import { parseForm, rawQuery } from './body.ts'

type Raw = ReadonlyMap<string, { readonly name: string; readonly text: string }>

/** By small letters: `tenantID` is `tenantId` (management reference 3.1). `;` parts as well as `&` (0.2). */
const readRaw = (request: FastifyRequest): Raw => {
  const query = new Map<string, { name: string; text: string }>()
  for (const [name, text] of parseForm(rawQuery(request.raw.url ?? '').replaceAll(';', '&'))) {
    const key = name.toLowerCase()
    if (query.has(key))
      throw new ManagementError(
        refusals.invalidInput,
        `${name.slice(0, 40)} was sent more than once.`,
      )
    query.set(key, { name, text })
  }
  return query
}

const refuseOthers = (endpoint: Endpoint<never>, known: Parameters, raw: Raw): void => {
  const taken = new Set(Object.keys(known).map((name) => name.toLowerCase()))
  if (endpoint.onBehalf === true) taken.add('user')
  for (const name of meaningful)
    if (raw.has(name.toLowerCase()) && !taken.has(name.toLowerCase()))
      throw new ManagementError(
        name === 'cascade' ? endpoint.invalid : refusals.actingForOthers,
        name === 'cascade' ? 'This address takes no cascade.' : undefined,
      )
  if (endpoint.onlyTheseParameters !== true) return
  for (const [key, { name }] of raw)
    if (!taken.has(key))
      throw new ManagementError(
        endpoint.invalid,
        `This address takes ${taken.size === 0 ? 'no parameters' : `${Object.keys(known).join(' and ')} alone`}; ${JSON.stringify(name.slice(0, 40))} is none.`,
      )
}

const userName = textParameter('')

const readUser = (endpoint: Endpoint<never>, raw: Raw): string | undefined => {
  const given = raw.get('user')
  if (given === undefined) return undefined
  const user = userName.parse(given.text)
  if (user === undefined) throw new ManagementError(endpoint.invalid, `user ${userName.fault}.`)
  return user
}

/**
 * The parameters of an endpoint, parsed, and whom `?user=` names. Refuses a repeated parameter, a text that is none of its
 * parameter's, and a meaningful parameter that the endpoint does not take.
 */
export const readParameters = (
  request: FastifyRequest,
  endpoint: Endpoint<never>,
): { readonly values: Record<string, unknown>; readonly user: string | undefined } => {
  const raw = readRaw(request)
  const known = endpoint.query ?? {}
  refuseOthers(endpoint, known, raw)
  const values: Record<string, unknown> = {}
  for (const [name, parameter] of Object.entries(known)) {
    const given = raw.get(name.toLowerCase())
    if (given === undefined) continue
    const value = parameter.parse(given.text)
    if (value === undefined)
      throw new ManagementError(endpoint.invalid, `${name} ${parameter.fault}.`)
    values[name] = value
  }
  return { values, user: readUser(endpoint, raw) }
}
