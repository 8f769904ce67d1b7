import type { Peer } from '../children.ts'
import type { Comparison } from '../compare.ts'
import type { Headgate } from '../headgate.ts'
import { posters, posting } from '../loads.ts'
import {
  type Client,
  getMachineToken,
  getTokens,
  machineBody,
  refreshBody,
  registerClient,
} from '../tokens.ts'

type Limit = Pick<Peer, 'port' | 'pid'>

/** How the comparisons of one engine are told from those of the other, and what the design promises for them. */
export type Engine = {
  /** Behind the number of the row. */
  readonly mark: '' | 'p'
  /** Behind the name of the path. */
  readonly words: string
  readonly target: Comparison['target']
}

export const onSqlite: Engine = {
  mark: '',
  words: 'durable',
  target: { floor: 0.18, goal: 0.3 },
}
export const onPostgres: Engine = { mark: 'p', words: 'PostgreSQL', target: undefined }

/** Row 1 of the budget: a token of the client itself, durable. */
export const machineComparison = async (
  headgate: Headgate,
  limit: Limit,
  client: Client,
  engine: Engine,
): Promise<Comparison> => {
  await getMachineToken(`${headgate.url}/oauth2/token`, client)
  const bodies = [machineBody(client)]
  return {
    row: `1${engine.mark}`,
    path: `client credentials, ${engine.words}`,
    limit: posting([limit.port], { bodies }),
    ours: posting([headgate.port], { bodies }),
    pids: { limit: [limit.pid], ours: [headgate.pid] },
    target: engine.target,
  }
}

/** The refresh grant, durable, with and without rotation. */
export const refreshComparisons = async (
  headgate: Headgate,
  limit: Limit,
  engine: Engine,
): Promise<readonly Comparison[]> => {
  const { port, url } = headgate
  const comparisons: Comparison[] = []
  for (const rotating of [false, true]) {
    const client = await registerClient(url, rotating, `Bench, refresh`)
    const tokens = await getTokens(url, client, posters)
    const bodies = tokens.map(({ refresh_token: token }) => refreshBody(client, token))
    comparisons.push({
      row: `1r${engine.mark}`,
      path: `refresh, ${rotating ? 'rotating, ' : ''}${engine.words}`,
      limit: posting([limit.port], { bodies }),
      ours: posting([port], { bodies, rotating }),
      pids: { limit: [limit.pid], ours: [headgate.pid] },
      target: engine.target,
    })
  }
  return comparisons
}
