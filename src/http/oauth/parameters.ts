import type { FastifyRequest } from 'fastify'
import { OAuthError } from '#oauth/errors.ts'
import { type ParameterEntries, type Parameters, parseParameters } from '#oauth/parameters.ts'
import { FormBody, parseForm, rawQuery } from '../body.ts'

/** HDP also takes the fields as a JSON object (reference A.9); each must be a text. */
const entriesOfJson = (body: object): ParameterEntries =>
  Object.entries(body).map(([name, value]): [string, string] => {
    if (typeof value !== 'string')
      throw new OAuthError('invalid_request', `${name.slice(0, 40)} must be a string.`)
    return [name, value]
  })

const bodyEntries = (body: unknown): ParameterEntries => {
  if (body === undefined || body === null) return []
  if (body instanceof FormBody) return body.entries
  if (typeof body !== 'object' || Array.isArray(body))
    throw new OAuthError('invalid_request', 'The body must be a form or a JSON object.')
  return entriesOfJson(body)
}

/** The parameters of the token and revocation endpoints: from the body alone, since URLs end up in logs. */
export const readBodyParameters = (request: FastifyRequest): Parameters => {
  if (rawQuery(request.raw.url ?? '') !== '')
    throw new OAuthError('invalid_request', 'Send the parameters in the body, not in the URL.')
  return parseParameters(bodyEntries(request.body))
}

/** The parameters of the authorization endpoint: query and body together, repeated ones still visible. */
export const authorizeEntries = (request: FastifyRequest): ParameterEntries => [
  ...parseForm(rawQuery(request.raw.url ?? '')),
  ...bodyEntries(request.body),
]
