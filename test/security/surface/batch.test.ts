import assert from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { basicOf, freePort, people, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, type Registered, register, sourceId } from '#test/support/oauth.ts'
import { batchOf, openBatch, sendBatch } from '#test/support/odata-batch.ts'
import {
  countCuts,
  createWideFile,
  cutWithinOneSecond,
  drain,
  wideBytes,
  wideOptions,
} from '#test/support/open-answer.ts'

let app: TestApp
let metricsPort: number
let client: Registered
/** A token for the data source `one` alone, whose user has `two` as well. */
let authorization: string
before(async () => {
  metricsPort = await freePort()
  app = await startApp({ env: { HEADGATE_METRICS_PORT: String(metricsPort) } })
  createWideFile(join(app.dataDir, 'files', '1'))
  client = await register(app)
  const sources = [Number(await sourceId(app, 'one'))]
  authorization = `Bearer ${(await getTokens(app, client, { sources })).access_token}`
})
after(() => app.close())

const urlOf = (name: string) => `${app.url}/api/odata4/${name}/$batch`
const goOn = { prefer: 'odata.continue-on-error' }

test('T71: a batch reads what its token opens by the same decision as single requests', async () => {
  const headers = { authorization }
  const { status, parts } = await sendBatch(urlOf('one'), batchOf(['Items(1)']), headers)
  assert.equal(status, 200)
  assert.deepEqual(
    parts.map((part) => part.status),
    [200],
  )
  const encoded = urlOf('one').replace('$', '%24')
  assert.equal((await sendBatch(encoded, batchOf(['Items(1)']), headers)).parts[0]?.status, 200)
  for (const name of ['two', 'none', 'o%6e%65/..', 'one%2f..%2ftwo'])
    assert.equal((await sendBatch(urlOf(name), batchOf(['Items(1)']), headers)).status, 404, name)
})

test('T71: a part that names another data source is refused, whoever asks and whether there is one', async () => {
  const targets = [
    '/api/odata4/two/Items(1)',
    '/api/odata4/none/Items(1)',
    '/api/odata4/TWO/Items(1)',
    '/api/odata4/%74wo/Items(1)',
    '/api/odata4/one/../two/Items(1)',
    '/api/odata4/one/%2e%2e/two/Items(1)',
    '../two/Items(1)',
    '..%2ftwo%2fItems(1)',
    '/api/odata4/one;/../two/Items(1)',
    `${app.url}/api/odata4/two/Items(1)`,
    'https://evil.example/api/odata4/one/Items(1)',
    '/api/mgmt/datasources',
    '/api/healthcheck',
  ]
  // The second one may read both, and still not by one batch.
  for (const who of [authorization, basicOf(people.user).authorization]) {
    const headers = { authorization: who, ...goOn }
    const { parts } = await sendBatch(urlOf('one'), batchOf(targets), headers)
    assert.equal(parts.length, targets.length)
    for (const [i, { status, body }] of parts.entries()) {
      assert.ok(status >= 400 && status < 500, `${targets[i]}: ${status}`)
      assert.doesNotMatch(body, /"name":|two 1/)
    }
    assert.equal(parts[0]?.body, parts[1]?.body, 'what exists looks like what does not')
  }
})

test('T72: credentials in a part are never used, and refused unless they repeat those of the batch', async () => {
  const basic = basicOf(people.user).authorization
  const send = (inPart: string, headers: Record<string, string>) =>
    sendBatch(urlOf('one'), batchOf(['Items(1)'], `Authorization: ${inPart}\r\n`), headers)
  for (const other of [basic, 'Bearer x', authorization.toLowerCase(), ''])
    assert.equal((await send(other, { authorization })).parts[0]?.status, 400, other)
  // OpenUI5 sends its headers with the batch and with each part.
  assert.equal((await send(authorization, { authorization })).parts[0]?.status, 200)
  assert.equal((await send(authorization, { authorization: basic })).parts[0]?.status, 400)
  for (const inPart of [basic, authorization]) assert.equal((await send(inPart, {})).status, 401)
})

test('T70: who has no access is refused before the body is read, and a long body as soon as it is too long', async () => {
  const begin = (headers: Record<string, string>, body: string) =>
    new Promise<number>((resolve, reject) => {
      const outgoing = request(
        urlOf('one'),
        { method: 'POST', headers: { 'content-type': 'multipart/mixed;boundary=b', ...headers } },
        (response) => {
          resolve(response.statusCode ?? 0)
          outgoing.destroy()
        },
      )
      outgoing.on('error', reject)
      // The body is never ended: an answer that waits for it does not come.
      outgoing.write(body)
    })
  assert.equal(await begin({}, '--b\r\n'), 401)
  assert.equal(await begin({ authorization, 'content-type': 'text/plain' }, 'x'), 415)
  assert.equal(await begin({ authorization }, 'x'.repeat(1_100_000)), 413)
})

test('T70: hostile boundaries, heads and numbers of parts are refused quickly', async () => {
  const url = urlOf('one')
  const send = (body: string, type = 'multipart/mixed; boundary=batch_1') =>
    sendBatch(url, body, { authorization, 'content-type': type })
  for (const [body, type] of [
    ['--batch_1\r\n'.repeat(90_000)],
    ['-'.repeat(1_000_000)],
    ['\r\n--batch_1'.repeat(90_000)],
    [batchOf(Array.from({ length: 101 }, () => 'Items(1)'))],
    ['x', 'multipart/mixed; boundary='],
    ['x', `multipart/mixed; boundary=${'b'.repeat(71)}`],
    ['x', 'multipart/mixed; boundary="a\\"; boundary=b'],
    ['{'.repeat(100_000), 'application/json'],
    [`{"requests":${'['.repeat(500_000)}`, 'application/json'],
  ] as const)
    assert.equal((await send(body, type)).status, 400, body.slice(0, 30))
})

test('T51: an open batch is cut within a second after its access has ended', async () => {
  const wide = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: { name: 'wide', dataStore: 5001, connectionType: 'Cloud', options: wideOptions },
  })
  assert.equal(wide.status, 201)
  const other = await register(app, { name: 'Reads widely' })
  const tokens = await getTokens(app, other)
  const body = batchOf(['Pages', 'Pages'])
  const response = await openBatch(urlOf('wide'), body, {
    authorization: `Bearer ${tokens.access_token}`,
  })
  const cuts = await countCuts(metricsPort)

  const path = `/api/mgmt/oauth/client/allowedapplications/${other.id}`
  assert.equal((await manage(app, 'DELETE', path, { person: people.user })).status, 204)
  await cutWithinOneSecond(metricsPort, { before: cuts })
  const { whole, bytes } = await drain(response)

  assert.equal(whole, false)
  assert.ok(bytes < wideBytes)
})
