import type { Comparison } from '../compare.ts'
import type { Headgate } from '../headgate.ts'
import { posters, posting, reading } from '../loads.ts'
import {
  type Client,
  getTokens,
  machineBody,
  refreshBody,
  registerClient,
  type Tokens,
} from '../tokens.ts'
import { airportKeys, airportPath } from './reads.ts'

/**
 * One node against two nodes of the same server, with the load spread over both. All come from the first node: the second
 * knows of clients and tokens by the database alone.
 */
export const nodeComparisons = async (
  nodes: readonly [Headgate, Headgate],
  machine: Client,
  file: string,
): Promise<readonly Comparison[]> => {
  const [first] = nodes
  const one = [first.port]
  const both = nodes.map(({ port }) => port)
  const pids = { limit: [first.pid], ours: nodes.map(({ pid }) => pid) }
  const client = await registerClient(first.url, false, 'Bench, nodes')
  const tokens = await getTokens(first.url, client, posters)
  const refreshes = tokens.map((token: Tokens) => refreshBody(client, token.refresh_token))
  const reads = {
    paths: airportKeys(file).map(airportPath),
    tokens: tokens.map((token) => token.access_token),
  }
  const machines = { bodies: [machineBody(machine)] }
  const compared = { row: '-', pids, target: undefined }
  return [
    {
      ...compared,
      path: 'client credentials',
      limit: posting(one, machines),
      ours: posting(both, machines),
    },
    {
      ...compared,
      path: 'refresh',
      limit: posting(one, { bodies: refreshes }),
      ours: posting(both, { bodies: refreshes }),
    },
    {
      ...compared,
      path: 'entity by key, bearer',
      limit: reading(one, reads),
      ours: reading(both, reads),
    },
  ]
}
