import type { Peer } from '../children.ts'
import type { Comparison } from '../compare.ts'
import type { Headgate } from '../headgate.ts'
import { posting } from '../loads.ts'
import {
  type Client,
  expectActive,
  getMachineToken,
  introspectionBody,
  machineBody,
} from '../tokens.ts'

/** Where a server answers, and the client that asks it. */
type Asked = {
  readonly server: Pick<Peer, 'port' | 'pid'>
  readonly client: Client
  readonly tokenPath: string
  readonly introspectionPath: string
}

const oursOf = (headgate: Headgate, client: Client): Asked => ({
  server: headgate,
  client,
  tokenPath: '/oauth2/token',
  introspectionPath: '/oauth2/introspect',
})

const strangerOf = (server: Peer, client: Client): Asked => ({
  server,
  client,
  tokenPath: '/token',
  introspectionPath: '/token/introspection',
})

/** Introspections of a token by the client that it was given to. */
const introspections = async ({ server, client, tokenPath, introspectionPath }: Asked) => {
  const url = `http://127.0.0.1:${server.port}`
  const body = introspectionBody(client, await getMachineToken(url + tokenPath, client))
  await expectActive(url + introspectionPath, body)
  return posting([server.port], { bodies: [body], path: introspectionPath })
}

const machines = ({ server, client, tokenPath }: Asked) =>
  posting([server.port], { bodies: [machineBody(client)], path: tokenPath })

/** Introspection by itself, without anything to compare it with. */
export const introspectionComparison = async (
  headgate: Headgate,
  client: Client,
): Promise<Comparison> => {
  const load = await introspections(oursOf(headgate, client))
  const pids = { limit: [], ours: [headgate.pid] }
  return { row: '2i', path: 'introspection', limit: load, ours: load, pids, target: undefined }
}

/** Row 2 of the budget and introspection: the same requests to oidc-provider. @param clients one of each server */
export const strangerComparisons = async (
  headgate: Headgate,
  stranger: Peer,
  clients: { readonly ours: Client; readonly stranger: Client },
): Promise<readonly Comparison[]> => {
  const ours = oursOf(headgate, clients.ours)
  const theirs = strangerOf(stranger, clients.stranger)
  const pids = { limit: [stranger.pid], ours: [headgate.pid] }
  return [
    // First: the stranger's memory holds a thousand things, and tokens that come later push this one out.
    {
      row: '2i',
      path: 'introspection, oidc-provider',
      limit: await introspections(theirs),
      ours: await introspections(ours),
      pids,
      target: undefined,
    },
    {
      row: '2',
      path: 'client credentials, oidc-provider',
      limit: machines(theirs),
      ours: machines(ours),
      pids,
      target: { floor: 1.3, goal: 2 },
    },
  ]
}
