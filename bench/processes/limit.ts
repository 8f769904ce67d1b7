// What cannot be beaten: bare node:http over one prepared statement, without tokens, logs or OData, and a
// fixed answer to a POST.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'

const [file = ''] = process.argv.slice(2)
const database = new DatabaseSync(file, { readOnly: true })
const columns = 'iata, name, city, state, country, latitude, longitude'
const airport = database.prepare(`SELECT ${columns} FROM Airport WHERE iata = ?`)
const page = database.prepare(
  'SELECT id, date, delay, origin FROM Flight WHERE origin = ? ORDER BY id LIMIT 50',
)

/** As long as the answer of the token endpoint. */
const token = JSON.stringify({
  access_token: `hg_at_${'x'.repeat(49)}`,
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: `hg_rt_${'x'.repeat(49)}`,
  scope: 'api.access.odata',
})

const answer = (response: ServerResponse, body: string): void => {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(body)
}

const server = createServer((request, response) => {
  const url = request.url ?? ''
  const key = url.slice(url.lastIndexOf('/') + 1)
  if (request.method === 'POST') {
    request.resume()
    request.once('end', () => answer(response, token))
  } else if (url.startsWith('/page/')) answer(response, JSON.stringify({ value: page.all(key) }))
  else answer(response, JSON.stringify(airport.get(key)))
})
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.on('disconnect', () => process.exit(0))
