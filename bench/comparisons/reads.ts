import { DatabaseSync } from 'node:sqlite'
import type { Peer } from '../children.ts'
import type { Comparison } from '../compare.ts'
import type { DataServer } from '../sources/ground.ts'
import type { Headgate } from '../headgate.ts'
import { reading } from '../loads.ts'
import { getTokens, registerClient } from '../tokens.ts'
import { expectSame, type Place } from './data.ts'

/** The demo's data source. */
export const aviation: Place = { service: '/api/odata4/aviation', mark: '', words: '' }

/** The keys of airports, mixed, so that neighbours in time are not neighbours in the file; the same order at every run. */
export const airportKeys = (file: string): readonly string[] => {
  const database = new DatabaseSync(file, { readOnly: true })
  const rows = database.prepare('SELECT iata FROM Airport ORDER BY substr(name, 3), iata').all()
  database.close()
  return rows.map(({ iata }) => String(iata)).filter((key) => /^[A-Z0-9]+$/.test(key))
}

const airportPathIn =
  ({ service }: Place) =>
  (key: string): string =>
    `${service}/Airports('${key}')`
export const airportPath = airportPathIn(aviation)
export const limitPath = (key: string): string => `/airport/${key}`

/** Rows 3 and 4 of the budget: an entity by its key, and a page of 50 rows. @param file of the demo's data */
export const readComparisons = async (
  { headgate, token }: DataServer,
  limit: Pick<Peer, 'port' | 'pid'>,
  file: string,
  place: Place = aviation,
): Promise<readonly Comparison[]> => {
  const { port, url } = headgate
  const { service, mark, words } = place
  const keys = airportKeys(file)
  const page = (origin: string): string =>
    `${service}/Flights?$filter=origin%20eq%20%27${origin}%27&$select=id,date,delay,origin&$top=50`
  const origins = ['ORD', 'ATL', 'DFW', 'LAX', 'PHX']
  const airports = keys.map(airportPathIn(place))
  const limited = origins.map((origin) => `/page/${origin}`)
  const same = (path: string, limitPath: string, rows: number) =>
    expectSame(
      { ours: url + path, limit: `http://127.0.0.1:${limit.port}${limitPath}` },
      token,
      rows,
    )
  if (limit.port !== 0) {
    await same(airports[0] ?? '', limitPath(keys[0] ?? ''), 1)
    for (const [i, origin] of origins.entries()) await same(page(origin), limited[i] ?? '', 50)
  }
  const pids = { limit: [limit.pid], ours: [headgate.pid] }
  return [
    {
      row: `3${mark}`,
      path: `entity by key, bearer${words}`,
      limit: reading([limit.port], { paths: keys.map(limitPath) }),
      ours: reading([port], { paths: airports, tokens: [token] }),
      pids,
      target: { floor: 0.4, goal: 0.55 },
    },
    {
      row: `4${mark}`,
      path: `page of 50, $filter, $select${words}`,
      limit: reading([limit.port], { paths: limited }),
      ours: reading([port], { paths: origins.map(page), tokens: [token] }),
      pids,
      target: { floor: 0.45, goal: 0.6 },
    },
  ]
}

/** A token of the user `demo` for the demo's data source. */
export const withToken = async (headgate: Headgate): Promise<DataServer> => {
  const [tokens] = await getTokens(headgate.url, await registerClient(headgate.url, false), 1)
  return { headgate, token: tokens?.access_token ?? '' }
}
