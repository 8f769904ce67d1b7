import assert from 'node:assert/strict'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createSource, freePort, people, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, register, sourceId } from '#test/support/oauth.ts'
import { countCuts, createWideFile, cutWithinOneSecond, drain } from '#test/support/open-answer.ts'

// A POST that only reads: it is to be no other way to anything.

let app: TestApp
let metricsPort: number
/** A token for the data source `one` alone, whose user has `two` as well. */
let authorization: string
before(async () => {
  metricsPort = await freePort()
  app = await startApp({ env: { HEADGATE_METRICS_PORT: String(metricsPort) } })
  createWideFile(join(app.dataDir, 'files', '1'))
  await createSource(app, 'wide')
  const sources = [Number(await sourceId(app, 'one'))]
  authorization = `Bearer ${(await getTokens(app, await register(app), { sources })).access_token}`
})
after(() => app.close())

type Headers = Readonly<Record<string, string>>
const urlOf = (name: string, path: string) => `${app.url}/api/odata4/${name}/${path}`

const post = async (path: string, body: string, headers: Headers = {}, name = 'one') => {
  const response = await fetch(urlOf(name, path), {
    method: 'POST',
    body,
    headers: { authorization, 'content-type': 'text/plain', ...headers },
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const get = async (path: string, name = 'one') => {
  const response = await fetch(urlOf(name, path), { headers: { authorization } })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

for (const [path, body, url] of [
  ['Items/$query', '$top=1&$select=id', 'Items?$top=1&$select=id'],
  ['Items/%24query', '$top=1\r\n', 'Items?$top=1'],
  ['Items/$query?$top=1', '$select=id', 'Items?$top=1&$select=id'],
  ['Items/$query', '$filter=id%20eq%201', 'Items?$filter=id%20eq%201'],
  ['Items(1)/$query', '$select=name', 'Items(1)?$select=name'],
  ['Items/1/$query', '', 'Items(1)'],
  ['Items/$query', '$format=csv', 'Items?$format=csv'],
  ['Items/$filter(id%20eq%201)/$query', '', 'Items/$filter(id%20eq%201)'],
  ['Nope/$query', '', 'Nope'],
  ['Items/$query', '$filter=nope', 'Items?$filter=nope'],
  ['Items/$query?$top=1', '$top=2', 'Items?$top=1&$top=2'],
] as const)
  test(`POST of ${JSON.stringify(body)} to ${path} is GET of ${url}`, async () => {
    const [posted, got] = [await post(path, body), await get(url)]
    assert.deepEqual([posted.status, posted.text], [got.status, got.text])
    assert.equal(posted.headers.get('content-type'), got.headers.get('content-type'))
  })

test('a query as long as a URL may be is answered, longer than HTTP takes one; and none that is longer', async () => {
  const filter = (length: number) => `$filter=name%20ne%20'${'x'.repeat(length)}'`
  assert.equal((await post('Items/$query', filter(32_700))).status, 200)
  assert.equal((await get(`Items?${filter(20_000)}`)).status, 431)
  assert.equal((await post('Items/$query', filter(32_744))).status, 414)
  assert.equal((await post('Items/$query', filter(40_000))).status, 413)
})

test('what a next link has behind its question mark may be posted, too', async () => {
  const first = await post('Items/$query', '$select=id', { prefer: 'maxpagesize=1' })
  const link = (JSON.parse(first.text) as Record<string, string>)['@odata.nextLink'] ?? ''
  assert.match(link, /\/Items\?\$select=id&\$skiptoken=/)
  const [, query = ''] = link.split('?')
  assert.equal((await post('Items/$query', query)).text, (await get(`Items?${query}`)).text)
})

test('T71: a posted query is read by the same decision, and nothing but a read is posted', async () => {
  const foreign = await post('Items/$query', '', {}, 'two')
  assert.equal(foreign.status, 404)
  assert.equal(foreign.text, (await post('Items/$query', '', {}, 'none')).text)
  for (const [path, status] of [
    ['Items', 405],
    ['Items(1)', 405],
    ['Items/$query/x', 405],
    ['$query', 404],
    ['$metadata/$query', 404],
    ['$batch/$query', 404],
    ['Items/$count/$query', 404],
    ['Items//$query', 400],
    ['$all/$query', 400],
  ] as const)
    assert.equal((await post(path, '')).status, status, path)
  const asked = await get('Items/$query')
  assert.deepEqual([asked.status, asked.headers.get('allow')], [405, 'POST'])
  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    const { status } = await fetch(urlOf('one', 'Items/$query'), {
      method,
      headers: { authorization },
    })
    assert.equal(status, 405, method)
  }
})

test('T70: who has no access is refused before the body is read, and another type or path as well', async () => {
  const begin = (path: string, headers: Headers) =>
    new Promise<number>((resolve, reject) => {
      const outgoing = request(urlOf('one', path), { method: 'POST', headers }, (response) => {
        resolve(response.statusCode ?? 0)
        outgoing.destroy()
      })
      outgoing.on('error', reject)
      // The body is never ended: an answer that waits for it does not come.
      outgoing.write('$top=1')
    })
  const plain = { 'content-type': 'text/plain; charset=utf-8' }
  assert.equal(await begin('Items/$query', plain), 401)
  assert.equal(await begin('$metadata/$query', { authorization, ...plain }), 404)
  for (const type of ['application/json', 'text/plain;charset=latin1', 'text/html', ''])
    assert.equal(await begin('Items/$query', { authorization, 'content-type': type }), 415, type)
})

test('T51: a long answer to a posted query is cut within a second after its access has ended', async () => {
  const client = await register(app, { name: 'Reads widely' })
  const tokens = await getTokens(app, client)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      urlOf('wide', 'Pages/$query'),
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${tokens.access_token}`,
          'content-type': 'text/plain',
        },
      },
      (answer) => answer.once('readable', () => resolve(answer)),
    )
    outgoing.on('error', reject)
    outgoing.end('$format=ndjson')
  })
  const cuts = await countCuts(metricsPort)
  const path = `/api/mgmt/oauth/client/allowedapplications/${client.id}`
  assert.equal((await manage(app, 'DELETE', path, { person: people.user })).status, 204)
  await cutWithinOneSecond(metricsPort, { before: cuts })
  assert.equal((await drain(response)).whole, false)
})
