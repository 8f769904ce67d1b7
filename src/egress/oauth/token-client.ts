import {
  allowInsecureRequests,
  type AuthorizationServer,
  type Client,
  ClientSecretPost,
  customFetch,
  genericTokenEndpointRequest,
  None,
  processGenericTokenEndpointResponse,
} from 'oauth4webapi'
import { type Clock, systemClock } from '#lib/clock.ts'
import { Secret } from '#lib/secret.ts'
import { type AddressPolicy, createAddressPolicy } from '../address-policy.ts'
import type { Outbound, OutboundAnswer } from '../outbound.ts'
import { UpstreamError } from '../upstream-error.ts'
import { type Reading, readTokenMembers, readTokens } from './token-answer.ts'
import { tokenError } from './token-errors.ts'
import { tokenUrl } from './token-uri.ts'
import type { Registration, TokenClient, TokenGrant } from './tokens.ts'

/** Bytes. Two tokens, an ID token and what stores add to them. */
const mostBytes = 131_072

const parametersOf = (grant: TokenGrant): Record<string, string> => {
  switch (grant.type) {
    case 'authorization_code':
      return {
        code: grant.code.reveal(),
        redirect_uri: grant.redirectUri,
        code_verifier: grant.codeVerifier.reveal(),
      }
    case 'refresh_token':
      return { refresh_token: grant.refreshToken.reveal() }
    case 'client_credentials':
      return grant.scope === '' ? {} : { scope: grant.scope }
  }
}

const secretsOf = ({ clientSecret }: Registration, grant: TokenGrant): readonly string[] =>
  [clientSecret, ...Object.values(grant)].flatMap((value) =>
    value instanceof Secret ? [value.reveal()] : [],
  )

/** The members that oauth4webapi judges. An ID token it would judge by an issuer that nobody has told us. */
const judged = ['access_token', 'token_type'] as const

const responseOf = (members: Readonly<Record<string, unknown>>): Response =>
  new Response(JSON.stringify(Object.fromEntries(judged.map((name) => [name, members[name]]))), {
    headers: { 'content-type': 'application/json' },
  })

/**
 * The token endpoint of upstreams: client id and secret go in the body (RFC 6749 section 2.3.1, as all of our stores take them), to the
 * registered URI alone (T82); no redirect is followed with them.
 * @param addresses decides which `instance_url` is taken; that of the operator, else nothing private
 */
export const createTokenClient = (
  outbound: Outbound,
  addresses: AddressPolicy = createAddressPolicy([]),
  clock: Clock = systemClock,
): TokenClient => {
  /** Sends the grant; what oauth4webapi makes of the answer is not asked for: the answer is read by us. */
  const send = async (
    tokenUri: string,
    registration: Registration,
    grant: TokenGrant,
  ): Promise<OutboundAnswer> => {
    const { clientId, clientSecret, lane } = registration
    const server: AuthorizationServer = { issuer: tokenUri, token_endpoint: tokenUri }
    const client: Client = { client_id: clientId }
    const answers: OutboundAnswer[] = []
    await genericTokenEndpointRequest(
      server,
      client,
      clientSecret === undefined ? None() : ClientSecretPost(clientSecret.reveal()),
      grant.type,
      parametersOf(grant),
      {
        // Which URL may be plain is decided by the client of all outbound HTTP.
        [allowInsecureRequests]: true,
        [customFetch]: async (_url, { method, headers, body }) => {
          answers.push(
            // The URI as it is registered, not as a lenient parser has mended it.
            await outbound.send({
              method,
              url: tokenUri,
              headers,
              body: String(body),
              lane,
              mostBytes,
            }),
          )
          return new Response()
        },
      },
    )
    const [answer] = answers
    if (answer === undefined) throw new Error('oauth4webapi sent nothing')
    return answer
  }

  /** RFC 6749 section 5.1: there is a token, of a type that we can present. */
  const judge = async (
    members: Readonly<Record<string, unknown>>,
    { clientId, host }: Reading,
  ): Promise<void> => {
    try {
      const { token_type: type } = await processGenericTokenEndpointResponse(
        { issuer: host },
        { client_id: clientId },
        responseOf(members),
      )
      if (type === 'bearer') return
    } catch {
      // What it says may quote the answer.
    }
    throw tokenError('malformed', host, { detail: 'access_token or token_type' })
  }

  return {
    request: async (registration, grant) => {
      const tokenUri = tokenUrl(registration.tokenUri)
      if (!/^https?:/i.test(tokenUri) || !URL.canParse(tokenUri))
        throw new UpstreamError('forbidden-address', 'The token URI must be an absolute https URL.')
      const reading = {
        clientId: registration.clientId,
        host: new URL(tokenUri).hostname,
        policy: addresses,
        now: clock.now(),
        secrets: secretsOf(registration, grant),
        // A user who connects an account is there, and can be told.
        lenient: grant.type !== 'authorization_code',
      }
      const members = readTokenMembers(await send(tokenUri, registration, grant), reading)
      await judge(members, reading)
      return readTokens(members, reading)
    },
  }
}
