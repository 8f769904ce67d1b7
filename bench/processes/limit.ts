// What cannot be beaten: bare node:http over one prepared statement, without tokens, logs or OData, and a
// fixed answer to a POST.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { answerJson, answerToken } from '../answer.ts'

const [file = ''] = process.argv.slice(2)
const database = new DatabaseSync(file, { readOnly: true })
const columns = 'iata, name, city, state, country, latitude, longitude'
const airport = database.prepare(`SELECT ${columns} FROM Airport WHERE iata = ?`)
const page = database.prepare(
  'SELECT id, date, delay, origin FROM Flight WHERE origin = ? ORDER BY id LIMIT 50',
)

const server = createServer((request, response) => {
  const url = request.url ?? ''
  const key = url.slice(url.lastIndexOf('/') + 1)
  if (request.method === 'POST') {
    request.resume()
    request.once('end', () => answerToken(response))
  } else if (url.startsWith('/page/'))
    answerJson(response, JSON.stringify({ value: page.all(key) }))
  else answerJson(response, JSON.stringify(airport.get(key)))
})
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.on('disconnect', () => process.exit(0))
