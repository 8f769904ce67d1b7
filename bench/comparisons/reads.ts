import { DatabaseSync } from 'node:sqlite'
import type { Peer } from '../children.ts'
import type { Comparison } from '../compare.ts'
import type { Headgate } from '../headgate.ts'
import { reading } from '../loads.ts'
import { getTokens, registerClient } from '../tokens.ts'

/** Where the demo's data source is read. */
export const sourcePath = '/api/odata4/aviation'

/** The keys of airports, mixed, so that neighbours in time are not neighbours in the file; the same order at every run. */
export const airportKeys = (file: string): readonly string[] => {
  const database = new DatabaseSync(file, { readOnly: true })
  const rows = database.prepare('SELECT iata FROM Airport ORDER BY substr(name, 3), iata').all()
  database.close()
  return rows.map(({ iata }) => String(iata)).filter((key) => /^[A-Z0-9]+$/.test(key))
}

export const airportPath = (key: string): string => `${sourcePath}/Airports('${key}')`
export const limitPath = (key: string): string => `/airport/${key}`

/** An answer before the measuring, so that nobody measures a fast refusal or an empty page. */
const expectRows = async (url: string, token: string, rows: number): Promise<void> => {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } })
  const body = (await response.json()) as { readonly value?: readonly unknown[] }
  const found = body.value?.length ?? 1
  if (response.status !== 200 || found !== rows)
    throw new Error(`${url} answered ${response.status} with ${found} rows instead of ${rows}`)
}

/** Rows 3 and 4 of the budget: an entity by its key, and a page of 50 rows. @param file of the demo's data */
export const readComparisons = async (
  headgate: Headgate,
  limit: Pick<Peer, 'port' | 'pid'>,
  file: string,
): Promise<readonly Comparison[]> => {
  const { port, url } = headgate
  const [tokens] = await getTokens(url, await registerClient(url, false), 1)
  const token = tokens?.access_token ?? ''
  const keys = airportKeys(file)
  const page = (origin: string): string =>
    `${sourcePath}/Flights?$filter=origin%20eq%20%27${origin}%27&$select=id,date,delay,origin&$top=50`
  const origins = ['ORD', 'ATL', 'DFW', 'LAX', 'PHX']
  await expectRows(url + airportPath(keys[0] ?? ''), token, 1)
  for (const origin of origins) await expectRows(url + page(origin), token, 50)
  const pids = { limit: [limit.pid], ours: [headgate.pid] }
  return [
    {
      row: '3',
      path: 'entity by key, bearer',
      limit: reading([limit.port], { paths: keys.map(limitPath) }),
      ours: reading([port], { paths: keys.map(airportPath), tokens: [token] }),
      pids,
      target: { floor: 0.4, goal: 0.55 },
    },
    {
      row: '4',
      path: 'page of 50, $filter, $select',
      limit: reading([limit.port], { paths: origins.map((origin) => `/page/${origin}`) }),
      ours: reading([port], { paths: origins.map(page), tokens: [token] }),
      pids,
      target: { floor: 0.45, goal: 0.6 },
    },
  ]
}
