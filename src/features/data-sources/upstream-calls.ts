import type { UpstreamCalls } from '#connectors/connector.ts'
import { ConnectorError } from '#connectors/errors.ts'
import type { Outbound, OutboundAnswer } from '#egress/outbound.ts'
import type { GetOptions, UpstreamTokens, UsableToken } from '../upstream-tokens/service.ts'
import type { TokenOwner } from '../upstream-tokens/token.ts'
import { stillRefused } from '../upstream-tokens/trouble.ts'
import type { DataSource } from './data-source.ts'

/** A token, the one after it, and one that another node has fetched meanwhile. */
const mostTokens = 3

const ownerOf = (source: DataSource): TokenOwner =>
  source.oauthProfileId === undefined
    ? { kind: 'data-source', id: source.id }
    : { kind: 'profile', id: source.oauthProfileId }

/**
 * Calls a data store in the name of a data source's account. The token is that of the account and of nothing else: what a caller
 * of ours presented is never sent on (T74). A refused token is renewed, and the call made once more.
 */
export const createUpstreamCalls =
  (deps: { readonly upstreamTokens: UpstreamTokens; readonly outbound: Outbound }) =>
  (source: DataSource): UpstreamCalls => {
    const owner = ownerOf(source)

    const send = (url: string, { token }: UsableToken): Promise<OutboundAnswer> =>
      deps.outbound.send({
        method: 'GET',
        url,
        headers: { authorization: `Bearer ${token.reveal()}`, accept: 'application/json' },
        lane: `${source.tenantId}/${new URL(url).origin}`,
      })

    const get: UpstreamCalls['get'] = async ({ url, nowhere, refused }) => {
      let asked: GetOptions = {}
      for (let tries = 0; tries < mostTokens; tries += 1) {
        const usable = await deps.upstreamTokens.get(owner, asked)
        const { generation } = usable
        const target = url(usable)
        if (target !== undefined) {
          const answer = await send(target, usable)
          if (answer.status !== 401 && refused?.(answer) !== true) return answer
          asked = { rejected: generation }
        } else if (asked.incomplete === undefined) asked = { incomplete: generation }
        else throw new ConnectorError('rejected', nowhere ?? 'It is not known which server to ask.')
      }
      throw stillRefused()
    }

    return {
      get,
      authorize: async () => {
        await deps.upstreamTokens.get(owner)
      },
    }
  }
