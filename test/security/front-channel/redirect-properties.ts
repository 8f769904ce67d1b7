import assert from 'node:assert/strict'
import fc from 'fast-check'
import { judgeAuthorizeRequest } from '#oauth/authorize/pipeline.ts'
import { LocalAuthorizeError } from '#oauth/errors.ts'
import type { Client, ClientType } from '#oauth/model.ts'
import { isBareHost, redirectUriFault } from '#oauth/redirect-uri.ts'
import { differsInLoopbackPortOnly, mutatedUri, readPlainly } from './uri-mutations.ts'

const challenge = 'A'.repeat(43)

const clientOf = (redirectUri: string, type: ClientType): Client => ({
  applicationId: 1,
  clientId: 'client',
  type,
  name: 'Client',
  redirectUris: [redirectUri],
  grantTypes: ['authorization_code', 'refresh_token'],
  rotatesRefreshTokens: false,
  enabled: true,
  secrets: [],
})

const proceeds = async (registered: string, presented: string, type: ClientType) => {
  try {
    const outcome = await judgeAuthorizeRequest(
      { readClient: async () => clientOf(registered, type) },
      [
        ['client_id', 'client'],
        ['redirect_uri', presented],
        ['response_type', 'code'],
        ['code_challenge', challenge],
        ['code_challenge_method', 'S256'],
      ],
    )
    assert.equal(outcome.kind, 'proceed')
    return true
  } catch (error) {
    assert.ok(error instanceof LocalAuthorizeError, String(error))
    return false
  }
}

/** T01: of mutated addresses only the registered one passes, but for a loopback port of a public client. */
export const checkMatching = (numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(
      mutatedUri,
      fc.constantFrom<ClientType>('confidential', 'public'),
      async ({ registered, presented }, type) => {
        const passed = await proceeds(registered, presented, type)
        if (presented === registered) assert.equal(passed, true)
        else if (passed)
          assert.ok(
            type === 'public' && differsInLoopbackPortOnly(registered, presented),
            `${JSON.stringify(presented)} passed for ${registered}`,
          )
      },
    ),
    { numRuns },
  )

/** T01: two readers that know nothing of each other see the same address in all that can be registered. */
export const checkReaders = (numRuns: number): void =>
  fc.assert(
    fc.property(mutatedUri, ({ presented }) => {
      if (redirectUriFault(presented) !== undefined || isBareHost(presented)) return
      const url = new URL(presented)
      const plain = readPlainly(presented)
      assert.equal(`${plain.scheme}:`, url.protocol)
      assert.equal(plain.authority, url.host, presented)
      assert.equal(plain.path === '' ? '/' : plain.path, url.pathname || '/', presented)
      assert.equal(plain.query, url.search.slice(1))
      assert.equal(url.username + url.password + url.hash + plain.fragment, '')
    }),
    { numRuns },
  )
