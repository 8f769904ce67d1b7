import { createHash, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A small client application of its own: it listens for its callback and keeps state and PKCE verifier. */
export const startClient = async () => {
  const state = randomBytes(16).toString('base64url')
  const verifier = randomBytes(32).toString('base64url')
  let received: URLSearchParams | undefined
  const server: Server = createServer((request, response) => {
    received = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams
    response.end('You can close this window.')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`

  /** The code of the callback; refuses an answer that is not to this request (RFC 9700 section 4.7). */
  const takeCode = (issuer: string): string => {
    if (received?.get('state') !== state)
      throw new Error('The callback did not come, or its state is wrong.')
    if (received.get('iss') !== issuer) throw new Error('The callback is from another issuer.')
    const code = received.get('code')
    if (code === null)
      throw new Error(
        `No code came back: ${received.get('error_description') ?? 'no reason given'}`,
      )
    return code
  }

  return {
    redirectUri,
    verifier,
    takeCode,
    authorizeUrl: (endpoint: string, clientId: string): string =>
      `${endpoint}?${new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: 'api.access.odata',
        state,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }).toString()}`,
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type DemoClient = Awaited<ReturnType<typeof startClient>>
