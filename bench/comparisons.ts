import { DatabaseSync } from 'node:sqlite'
import type { Comparison } from './compare.ts'
import type { Headgate } from './headgate.ts'
import type { Job } from './job.ts'
import { getTokens, refreshBody, registerClient } from './tokens.ts'

const readers = 16
const refreshers = 32

const reading = (port: number, paths: readonly string[], token?: string): Comparison['ours'] => ({
  port,
  method: 'GET',
  headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
  paths,
  bodies: [],
  rotating: false,
  connections: readers,
})

const posting = (port: number, bodies: string[], rotating: boolean): Omit<Job, 'milliseconds'> => ({
  port,
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  paths: ['/oauth2/token'],
  bodies,
  rotating,
  connections: refreshers,
})

const airportKeys = (file: string): readonly string[] => {
  const database = new DatabaseSync(file, { readOnly: true })
  // Mixed, so that neighbours in time are not neighbours in the file; the same order at every run.
  const rows = database.prepare('SELECT iata FROM Airport ORDER BY substr(name, 3), iata').all()
  database.close()
  return rows.map(({ iata }) => String(iata)).filter((key) => /^[A-Z0-9]+$/.test(key))
}

/** An answer before the measuring, so that nobody measures a fast refusal or an empty page. */
const expectRows = async (url: string, token: string, rows: number): Promise<void> => {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } })
  const body = (await response.json()) as { readonly value?: readonly unknown[] }
  const found = body.value?.length ?? 1
  if (response.status !== 200 || found !== rows)
    throw new Error(`${url} answered ${response.status} with ${found} rows instead of ${rows}`)
}

/** Rows 3 and 4 of the budget: an entity by its key, and a page of 50 rows. */
export const readComparisons = async (
  headgate: Headgate,
  limit: { readonly port: number; readonly pid: number },
  file: string,
): Promise<readonly Comparison[]> => {
  const { port, url } = headgate
  const [tokens] = await getTokens(url, await registerClient(url, false), 1)
  const token = tokens?.access_token ?? ''
  const keys = airportKeys(file)
  const base = '/api/odata4/aviation'
  const page = (origin: string): string =>
    `${base}/Flights?$filter=origin%20eq%20%27${origin}%27&$select=id,date,delay,origin&$top=50`
  const origins = ['ORD', 'ATL', 'DFW', 'LAX', 'PHX']
  await expectRows(`${url}${base}/Airports('${keys[0]}')`, token, 1)
  for (const origin of origins) await expectRows(url + page(origin), token, 50)
  return [
    {
      row: '3',
      path: 'entity by key, bearer',
      limit: reading(
        limit.port,
        keys.map((key) => `/airport/${key}`),
      ),
      ours: reading(
        port,
        keys.map((key) => `${base}/Airports('${key}')`),
        token,
      ),
      pids: { limit: limit.pid, ours: headgate.pid },
      target: { floor: 0.4, goal: 0.55 },
    },
    {
      row: '4',
      path: 'page of 50, $filter, $select',
      limit: reading(
        limit.port,
        origins.map((origin) => `/page/${origin}`),
      ),
      ours: reading(port, origins.map(page), token),
      pids: { limit: limit.pid, ours: headgate.pid },
      target: { floor: 0.45, goal: 0.6 },
    },
  ]
}

/** The refresh grant, durable, with and without rotation, against a fixed answer. */
export const refreshComparisons = async (
  headgate: Headgate,
  limit: { readonly port: number; readonly pid: number },
): Promise<readonly Comparison[]> => {
  const { port, url } = headgate
  const comparisons: Comparison[] = []
  for (const rotating of [false, true]) {
    const client = await registerClient(url, rotating)
    const tokens = await getTokens(url, client, refreshers)
    const bodies = tokens.map(({ refresh_token: token }) => refreshBody(client, token))
    comparisons.push({
      row: '1r',
      path: rotating ? 'refresh, rotating, durable' : 'refresh, durable',
      limit: posting(limit.port, [...bodies], false),
      ours: posting(port, bodies, rotating),
      pids: { limit: limit.pid, ours: headgate.pid },
      target: { floor: 0.18, goal: 0.3 },
    })
  }
  return comparisons
}
