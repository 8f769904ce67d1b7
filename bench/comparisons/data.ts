import { isDeepStrictEqual } from 'node:util'
import type { Peer } from '../children.ts'
import type { Comparison } from '../compare.ts'
import { findPages, pageRows, readPage } from '../sources/data-sources.ts'
import type { DataServer } from '../sources/ground.ts'
import { reading } from '../loads.ts'

type Limit = Pick<Peer, 'port' | 'pid'>

/** Whose data is read: the service, the mark behind the rows' numbers, the words behind their names. */
export type Place = {
  readonly service: string
  readonly mark: '' | 'p'
  readonly words: string
}

/** Answers under way at once, of those that are long: as many as there are processes that read files. */
const streams = 4

/** Both answer the same rows, before it is measured how fast. @param rows how many, so that nobody measures an empty page */
export const expectSame = async (
  addresses: { readonly ours: string; readonly limit: string },
  token: string,
  rows: number,
): Promise<void> => {
  const ours = await readPage(addresses.ours, token)
  const limit = await readPage(addresses.limit, undefined)
  if (ours.rows.length !== rows || !isDeepStrictEqual(ours.rows, limit.rows))
    throw new Error(`${addresses.ours} is not answered with the same ${rows} rows as the limit's`)
}

const departure = 'id,route_id,scheduled,carrier,delay,fare'
const expanded = `$select=id,origin,destination,distance&$expand=Departures($select=${departure};$top=3)&$top=50`

/** Row 5 of the budget: 50 rows with three rows expanded in each, as the first page of all and of a filter. */
export const expandComparisons = async (
  { headgate, token }: DataServer,
  limit: Limit,
  { service, mark, words }: Place,
): Promise<readonly Comparison[]> => {
  const compared = {
    pids: { limit: [limit.pid], ours: [headgate.pid] },
    target: { floor: 0.45, goal: 0.6 },
  }
  const ours = `${service}/Routes?${expanded}`
  const regions = ['north', 'east', 'south', 'west']
  const filtered = regions.map((region) => `${ours}&$filter=region%20eq%20%27${region}%27`)
  const limited = regions.map((region) => `/expanded/${region}`)
  const limitUrl = `http://127.0.0.1:${limit.port}`
  const same = (path: string, limitPath: string) =>
    expectSame({ ours: headgate.url + path, limit: limitUrl + limitPath }, token, 50)
  await same(ours, '/expanded')
  for (const [i, path] of filtered.entries()) await same(path, limited[i] ?? '')
  return [
    {
      ...compared,
      row: `5${mark}`,
      path: `50 rows, $expand of 3${words}`,
      limit: reading([limit.port], { paths: ['/expanded'] }),
      ours: reading([headgate.port], { paths: [ours], tokens: [token] }),
    },
    {
      ...compared,
      row: `5f${mark}`,
      path: `50 rows, $expand of 3, $filter${words}`,
      limit: reading([limit.port], { paths: limited }),
      ours: reading([headgate.port], { paths: filtered, tokens: [token] }),
    },
  ]
}

/** Row 6: many rows, in pages as large as there are; both sides answer the same pages. */
export const streamComparison = async (
  { headgate, token }: DataServer,
  limit: Limit,
  { service, mark, words }: Place,
  rows: number,
): Promise<Comparison> => {
  const urls = await findPages(`${headgate.url}${service}/Departures?$top=${rows}`, token)
  const limited = urls.map((_url, page) => `/rows/${page * pageRows}/${pageRows}`)
  const limitUrl = `http://127.0.0.1:${limit.port}`
  for (const [page, url] of urls.entries())
    await expectSame({ ours: url, limit: limitUrl + (limited[page] ?? '') }, token, pageRows)
  if (urls.length * pageRows !== rows) throw new Error(`there are ${urls.length} pages`)
  const paths = urls.map((url) => url.slice(headgate.url.length))
  return {
    row: `6${mark}`,
    path: `${rows} rows, by ${pageRows}${words}`,
    limit: reading([limit.port], { paths: limited, connections: streams }),
    ours: reading([headgate.port], { paths, tokens: [token], connections: streams }),
    pids: { limit: [limit.pid], ours: [headgate.pid] },
    target: { floor: 0.55, goal: 0.7 },
  }
}
