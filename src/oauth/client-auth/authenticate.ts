import { timingSafeEqual } from 'node:crypto'
import { OAuthError } from '../errors.ts'
import { judgeClient } from '../judge-client.ts'
import type { AuthenticatedClient, Client, StoredSecret } from '../model.ts'
import type { OAuthDeps } from '../ports.ts'
import type { ClientAuthInput, PresentedClient } from './client-auth.ts'
import { clientAuthMethods } from './index.ts'

/** One sentence for all reasons, so that nobody learns which client ids exist (T56). */
const refuse = (detail: string): OAuthError =>
  new OAuthError(
    'invalid_client',
    'Unknown client, or the secret is wrong, missing, or not allowed for it.',
    { detail },
  )

const present = (input: ClientAuthInput): PresentedClient => {
  const { authorization, parameters } = input
  if (authorization !== undefined) {
    if (parameters.has('client_secret'))
      throw new OAuthError(
        'invalid_request',
        'Client credentials came in the header and in the body; send them once.',
      )
  }
  for (const method of clientAuthMethods) {
    const presented = method.read(input)
    if (presented === undefined) continue
    const named = parameters.get('client_id')
    if (named !== undefined && named !== presented.clientId)
      throw new OAuthError(
        'invalid_request',
        'client_id in the body is not the client of the Authorization header.',
      )
    return presented
  }
  throw refuse('no client was named')
}

/** Never equal to a hash of ours; compared for unknown clients, so that they cost the same work (T39). */
const noSecret: StoredSecret = { hash: new Uint8Array(32), expiresAt: undefined }

const hasSecret = (secrets: readonly StoredSecret[], hash: Uint8Array, now: number): boolean => {
  let found = false
  for (const stored of secrets.length > 0 ? secrets : [noSecret]) {
    const alive = stored.expiresAt === undefined || stored.expiresAt > now
    if (timingSafeEqual(stored.hash, hash) && alive) found = true
  }
  return found
}

const check = (client: Client | undefined, proven: boolean, sentSecret: boolean): Client => {
  if (client === undefined) throw refuse('unknown client id')
  if (client.type === 'public') {
    // T41: a public client has no secret; one that presents a secret is not what it says.
    if (sentSecret) throw refuse('a public client sent a secret')
  } else if (!proven) {
    throw refuse(sentSecret ? 'wrong secret' : 'no secret')
  }
  if (!client.enabled) throw refuse('the application is disabled')
  return client
}

/**
 * Finds out which client makes a request and that it may say so (RFC 6749 sections 2.3 and 3.2.1).
 * Throws `invalid_client` for an unknown, unproven or disabled client, `invalid_request` for two methods
 * at once.
 * @param permit throws when the client may not do what it asks for
 */
export const authenticateClient = async (
  deps: OAuthDeps,
  input: ClientAuthInput,
  permit: (client: Client) => void = () => undefined,
): Promise<AuthenticatedClient> => {
  const presented = present(input)
  const hash = deps.hashSecret(presented.secret ?? '')
  return judgeClient(deps.clients, presented.clientId, (found) => {
    const proven =
      hasSecret(found?.secrets ?? [], hash, deps.now()) && presented.secret !== undefined
    const client = check(found, proven, presented.secret !== undefined)
    permit(client)
    return { ...client, secretHash: proven ? hash : undefined }
  })
}
