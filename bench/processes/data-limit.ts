// What the rows of expansions and streams are held against: bare node:http over one SQLite statement that builds the JSON.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { answerJson } from '../answer.ts'

const [file = ''] = process.argv.slice(2)
const database = new DatabaseSync(file, { readOnly: true })

const expanded = (condition: string) =>
  database.prepare(`
    SELECT json_object('value', json_group_array(json_object(
      'id', id, 'origin', origin, 'destination', destination, 'distance', distance, 'Departures', json((
        SELECT json_group_array(json_object(
          'id', id, 'route_id', route_id, 'scheduled', scheduled, 'carrier', carrier, 'delay', delay, 'fare', fare))
        FROM (SELECT * FROM Departure WHERE route_id = routes.id ORDER BY id LIMIT 3)))))) AS body
    FROM (SELECT * FROM Route ${condition} ORDER BY id LIMIT 50) AS routes`)
const routes = expanded('')
const routesOf = expanded('WHERE region = ?')
const page = database.prepare(`
  SELECT json_object('value', json_group_array(json_object(
    'id', id, 'route_id', route_id, 'scheduled', scheduled, 'carrier', carrier, 'delay', delay, 'fare', fare))) AS body
  FROM (SELECT * FROM Departure WHERE id > ? ORDER BY id LIMIT ?)`)

const bodyOf = (row: Readonly<Record<string, unknown>> | undefined): string => String(row?.['body'])

const server = createServer((request, response) => {
  const [, what = '', first = '', second = ''] = (request.url ?? '').split('/')
  if (what === 'rows') answerJson(response, bodyOf(page.get(Number(first), Number(second))))
  else if (first === '') answerJson(response, bodyOf(routes.get()))
  else answerJson(response, bodyOf(routesOf.get(first)))
})
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.on('disconnect', () => process.exit(0))
