// What reads of PostgreSQL are held against: bare node:http over prepared statements of `pg`, JSON written by hand, and
// for what is expanded a statement that builds the JSON.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { answerJson } from '../answer.ts'

const [url = ''] = process.argv.slice(2)
/** As many connections as a data source of ours has unless told otherwise. */
const pool = new pg.Pool({ connectionString: url, max: 10, options: '-c TimeZone=GMT' })
/** Stamps stay text: a Date is made for nobody. */
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text: string) => text)

type Cell = string | number | null
type Render = (row: readonly Cell[]) => string

const stamp = (text: Cell | undefined): string =>
  `"${String(text).replace(' ', 'T').replace('+00', 'Z')}"`
const text = (value: Cell | undefined): string => JSON.stringify(value)

const airport: Render = (r) =>
  `{"iata":${text(r[0])},"name":${text(r[1])},"city":${text(r[2])},"state":${text(r[3])},"country":${text(r[4])},"latitude":${r[5]},"longitude":${r[6]}}`
const flight: Render = (r) =>
  `{"id":${r[0]},"date":${stamp(r[1])},"delay":${r[2]},"origin":${text(r[3])}}`
const departure: Render = (r) =>
  `{"id":${r[0]},"route_id":${r[1]},"scheduled":${stamp(r[2])},"carrier":${text(r[3])},"delay":${r[4]},"fare":${r[5]}}`

const read = async (name: string, statement: string, values: readonly (string | number)[]) => {
  const { rows } = await pool.query<Cell[]>({
    name,
    text: statement,
    values: [...values],
    rowMode: 'array',
  })
  return rows
}

const list = (rows: readonly Cell[][], render: Render): string => {
  let body = ''
  for (const row of rows) body += (body === '' ? '' : ',') + render(row)
  return `{"value":[${body}]}`
}

const expanded = (condition: string): string => `
  SELECT json_build_object('value', json_agg(json_build_object(
    'id', id, 'origin', origin, 'destination', destination, 'distance', distance, 'Departures', (
      SELECT json_agg(json_build_object(
        'id', id, 'route_id', route_id, 'scheduled', to_char(scheduled, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'carrier', carrier,
        'delay', delay, 'fare', fare))
      FROM (SELECT * FROM "Departure" WHERE route_id = routes.id ORDER BY id LIMIT 3) AS inside))))::text
  FROM (SELECT * FROM "Route" ${condition} ORDER BY id LIMIT 50) AS routes`

const answers: Record<string, (first: string, second: string) => Promise<string>> = {
  airport: async (key) => {
    const columns = 'iata, name, city, state, country, latitude, longitude'
    const [row = []] = await read('airport', `SELECT ${columns} FROM "Airport" WHERE iata = $1`, [
      key,
    ])
    return airport(row)
  },
  page: async (origin) => {
    const statement =
      'SELECT id, date, delay, origin FROM "Flight" WHERE origin = $1 ORDER BY id LIMIT 50'
    return list(await read('page', statement, [origin]), flight)
  },
  expanded: async (region) => {
    const [row] =
      region === ''
        ? await read('expanded', expanded(''), [])
        : await read('expanded of', expanded('WHERE region = $1'), [region])
    return String(row?.[0])
  },
  rows: async (after, count) => {
    const columns = 'id, route_id, scheduled, carrier, delay, fare'
    const statement = `SELECT ${columns} FROM "Departure" WHERE id > $1 ORDER BY id LIMIT $2`
    return list(await read('rows', statement, [after, count]), departure)
  },
}

const server = createServer((request, response) => {
  const [, what = '', first = '', second = ''] = (request.url ?? '').split('/')
  const answer = answers[what]?.(first, second)
  // A limit that cannot read has nothing to say: it ends, and the bench with it.
  answer?.then(
    (body) => answerJson(response, body),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      process.exit(1)
    },
  )
})
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.on('disconnect', () => process.exit(0))
