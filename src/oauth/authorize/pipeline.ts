import { LocalAuthorizeError, OAuthError } from '../errors.ts'
import { judgeClient } from '../judge-client.ts'
import type { AuthorizationRequest, Client } from '../model.ts'
import { type ParameterEntries, readParameters } from '../parameters.ts'
import { parseChallenge } from '../pkce.ts'
import type { ClientReader } from '../ports.ts'
import { matchesRedirectUri } from '../redirect-uri.ts'
import { parseScope } from '../scope.ts'
import type { Check, CheckInput } from './check.ts'
import { checkGrantType } from './checks/grant-type.ts'
import { checkRepeatedParameters } from './checks/repeated-parameters.ts'
import { checkRequestObject } from './checks/request-object.ts'
import { checkResponseType } from './checks/response-type.ts'

/** In order; each may send the browser back to the client, which is known to be good by then. */
const checks: readonly Check[] = [
  checkRepeatedParameters,
  checkRequestObject,
  checkResponseType,
  checkGrantType,
]

/** What comes of a request at the authorization endpoint. */
export type AuthorizeOutcome =
  | { readonly kind: 'proceed'; readonly client: Client; readonly request: AuthorizationRequest }
  | {
      readonly kind: 'refused'
      readonly redirectUri: string
      readonly state: string | undefined
      readonly error: OAuthError
    }

const readOrRefuse = (entries: ParameterEntries) => {
  try {
    return readParameters(entries)
  } catch (error) {
    if (error instanceof OAuthError) throw new LocalAuthorizeError(error.message)
    throw error
  }
}

const requireOnce = (input: Omit<CheckInput, 'client'>, name: string): string => {
  const value = input.parameters.get(name)
  if (input.repeated.has(name))
    throw new LocalAuthorizeError(`The link carries ${name} more than once.`)
  if (value === undefined) throw new LocalAuthorizeError(`The link lacks ${name}.`)
  return value
}

const requireClient = (client: Client | undefined): Client => {
  if (client !== undefined) return client
  throw new LocalAuthorizeError(
    'No application is registered with this client_id. Perhaps it was deleted; it must be registered again.',
  )
}

/** Throws `LocalAuthorizeError`. */
const judge = (
  read: ReturnType<typeof readOrRefuse>,
  found: Client | undefined,
): AuthorizeOutcome => {
  const { parameters } = read
  const client = requireClient(found)
  const redirectUri = requireOnce(read, 'redirect_uri')
  if (!matchesRedirectUri(client.redirectUris, redirectUri, client.type))
    throw new LocalAuthorizeError(
      'The redirect_uri is not one that this application has registered, byte for byte.',
    )
  const state = parameters.get('state')
  try {
    for (const check of checks) check({ ...read, client })
    const scope = parseScope(parameters.get('scope'))
    const codeChallenge = parseChallenge(parameters, client.type)
    return {
      kind: 'proceed',
      client,
      request: { clientId: client.clientId, redirectUri, scope, state, codeChallenge },
    }
  } catch (error) {
    if (error instanceof OAuthError) return { kind: 'refused', redirectUri, state, error }
    throw error
  }
}

/**
 * Judges a request at the authorization endpoint (RFC 6749 section 4.1.1). Client and redirect URI come
 * first and are refused here, without a redirect: `LocalAuthorizeError`. All later refusals are answers
 * for the redirect URI.
 */
export const judgeAuthorizeRequest = async (
  clients: ClientReader,
  entries: ParameterEntries,
): Promise<AuthorizeOutcome> => {
  const read = readOrRefuse(entries)
  return judgeClient(
    clients,
    requireOnce(read, 'client_id'),
    (client) => judge(read, client),
    (outcome) => outcome.kind === 'refused',
  )
}
