import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { basicOf, freePort, people, startApp, type TestApp } from '#test/support/app.ts'
import { askToken, getTokens, manage, readWith, register } from '#test/support/oauth.ts'

let app: TestApp
let metricsPort: number
before(async () => {
  metricsPort = await freePort()
  app = await startApp({ env: { HEADGATE_METRICS_PORT: String(metricsPort) } })
})
after(() => app.close())

type Raw = { readonly status: number; readonly head: string; readonly body: string }

/** Sends bytes as they are, on a connection of its own; a connection that is cut without an answer is status 0. */
const sendRaw = (bytes: string | Buffer): Promise<Raw> =>
  new Promise((resolve) => {
    const socket = connect(app.port, '127.0.0.1')
    let text = ''
    const done = (): void => {
      socket.destroy()
      const [head = '', ...rest] = text.split('\r\n\r\n')
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0)
      resolve({ status, head, body: rest.join('\r\n\r\n') })
    }
    socket.setTimeout(5000, done)
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', done)
    socket.write(bytes)
  })

const rawGet = (path: string, headers: readonly string[] = []): Promise<Raw> =>
  sendRaw([`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n'))

const assertAlive = async (): Promise<void> => {
  const answer = await fetch(`${app.url}/api/healthcheck`)
  assert.deepEqual(await answer.json(), { status: 'active' })
}

test('T70 a scope of 500,000 words is refused with 413 in the body and with 431 or 414 in the URL', async () => {
  const scope = 'a '.repeat(500_000)
  const client = await register(app)
  const body = await askToken(app, {
    grant_type: 'refresh_token',
    client_id: client.clientId,
    client_secret: client.clientSecret,
    scope,
  })
  assert.equal(body.status, 413)
  assert.equal(body.body.error, 'invalid_request')
  assert.ok(
    [414, 431].includes((await rawGet(`/oauth2/authorize?scope=${'a+'.repeat(500_000)}`)).status),
  )
  await assertAlive()
})

test('T70 a scope of 4,097 characters, within all other limits, is refused as too long', async () => {
  const answer = await askToken(app, { grant_type: 'refresh_token', scope: 'a '.repeat(2049) })
  assert.equal(answer.status, 400)
  assert.equal(answer.body.error, 'invalid_request')
  assert.match(answer.body.error_description ?? '', /scope/)
})

test('T70 JSON that is nested too deep is refused with 400, at every endpoint that takes JSON', async () => {
  const deep = (levels: number) => `{"name":${'['.repeat(levels)}${']'.repeat(levels)}}`
  for (const levels of [33, 1000, 30_000]) {
    const answer = await manage(app, 'POST', '/api/mgmt/oauth/client/applications', {
      body: deep(levels),
    })
    assert.equal(answer.status, 400, String(levels))
    const token = await fetch(`${app.url}/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: deep(levels),
    })
    assert.equal(token.status, 400)
    await token.text()
  }
  await assertAlive()
})

test('T70 a body over 64 KB is refused with 413 by every kind of endpoint, and one below is read', async () => {
  const big = JSON.stringify({ name: 'x'.repeat(65_536) })
  for (const path of ['/api/mgmt/oauth/client/applications', '/api/mgmt/datasources']) {
    const answer = await manage(app, 'POST', path, { body: big })
    assert.equal(answer.status, 413)
    assert.equal((answer.body['error'] as { code: number }).code, 222207007)
  }
  const form = `username=${'x'.repeat(65_536)}`
  for (const path of ['/oauth2/token', '/oauth2/revoke', '/oauth2/authorize', '/sign-in']) {
    const answer = await fetch(`${app.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form,
    })
    assert.equal(answer.status, 413, path)
    assert.ok((await answer.text()).length > 0)
  }
  const below = await manage(app, 'POST', '/api/mgmt/oauth/client/applications', {
    body: JSON.stringify({ name: 'x'.repeat(60_000) }),
  })
  assert.equal(below.status, 400)
  await assertAlive()
})

test('T70 headers over the limit are refused with 431 and a sentence', async () => {
  const many = Array.from({ length: 300 }, (_, i) => `x-${i}: ${'v'.repeat(100)}`)
  for (const headers of [
    [`x-large: ${'v'.repeat(100_000)}`],
    many,
    [`Cookie: ${'a=b; '.repeat(8000)}`],
  ]) {
    const answer = await rawGet('/api/healthcheck', headers)
    assert.equal(answer.status, 431)
    assert.match(answer.body, /222208410/)
    assert.match(answer.body, /headers/)
  }
  await assertAlive()
})

test('T70 an Authorization header that is far too long is refused and not decoded', async () => {
  const long = Buffer.from(`demo:${'p'.repeat(6000)}`).toString('base64')
  const answer = await rawGet('/api/mgmt/datasources', [`Authorization: Basic ${long}`])
  assert.equal(answer.status, 401)
  const data = await rawGet('/api/odata4/one/Items', [`Authorization: Bearer ${'x'.repeat(6000)}`])
  assert.equal(data.status, 400)
})

test('T70 a URL of 1 MB is refused, wherever it leads', async () => {
  const long = 'x'.repeat(1_000_000)
  for (const path of [`/${long}`, `/api/odata4/${long}`, `/oauth2/authorize?state=${long}`]) {
    const answer = await rawGet(path)
    assert.ok([414, 431].includes(answer.status), `${path.slice(0, 30)}: ${answer.status}`)
  }
  await assertAlive()
})

test('T70 requests that are no HTTP are refused with 400 or cut off, and the server goes on', async () => {
  const broken = [
    'GARBAGE\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nX-Null: a\0b\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n',
    'POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    'POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1e9\r\n\r\n',
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]),
    Buffer.alloc(1000, 0xff),
  ]
  for (const bytes of broken) {
    const { status } = await sendRaw(bytes)
    assert.ok(status === 0 || (status >= 400 && status < 500) || status === 200, String(status))
  }
  await assertAlive()
})

test('T58 no Host and no X-Forwarded header appears in an answer or changes the issuer, a link or a redirect', async () => {
  const client = await register(app)
  const poison = 'evil-host.example'
  const paths = [
    '/',
    '/sign-in',
    '/account/applications',
    '/nowhere',
    '/.well-known/oauth-authorization-server',
    '/api/nowhere',
    '/api/mgmt/datasources',
    '/api/odata4/one',
    '/api/odata4/one/Items?$top=3&$skip=1',
    '/api/odata4/one/Items(1)',
    '/api/odata4/one/$metadata',
    '/oauth2/authorize?client_id=unknown',
    `/oauth2/authorize?response_type=token&client_id=${client.clientId}&redirect_uri=${encodeURIComponent(client.redirectUri)}`,
    `/oauth2/authorize?response_type=code&client_id=${client.clientId}&redirect_uri=${encodeURIComponent(client.redirectUri)}`,
  ]
  const headers = [
    `Host: ${poison}`,
    `X-Forwarded-Host: ${poison}`,
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 4444',
    `X-Forwarded-Prefix: /${poison}`,
    `X-Forwarded-For: ${poison}`,
    `X-Forwarded-Server: ${poison}`,
    `Forwarded: host=${poison};proto=https`,
    `X-Original-URL: /${poison}`,
    `X-Rewrite-URL: /${poison}`,
    `X-Host: ${poison}`,
    `Origin: https://${poison}`,
    `Referer: https://${poison}/`,
    `Authorization: ${basicOf(people.user).authorization}`,
    'Accept: text/html,application/json',
    'Connection: close',
  ]
  const clean = (text: string): string =>
    text
      .replaceAll(/hg_\w\w_[\w-]{49}/g, 'SECRET')
      .replaceAll(/"csrf" value="[^"]*"/g, 'CSRF')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')
      .replaceAll(/\r\nDate: [^\r]*/gi, '')
      .replaceAll(/\r\nVary: [^\r]*/gi, '')
  for (const path of paths) {
    const plain = [
      `Host: localhost:${app.port}`,
      `Authorization: ${basicOf(people.user).authorization}`,
      'Accept: text/html,application/json',
      'Connection: close',
    ]
    const send = (list: readonly string[]) =>
      sendRaw([`GET ${path} HTTP/1.1`, ...list, '', ''].join('\r\n'))
    const [usual, poisoned] = [await send(plain), await send(headers)]
    assert.ok(usual.status >= 200 && usual.status < 500)
    assert.ok(!`${poisoned.head}${poisoned.body}`.includes(poison), path)
    assert.ok(!`${poisoned.head}${poisoned.body}`.includes('4444'), path)
    assert.equal(clean(`${poisoned.head}${poisoned.body}`), clean(`${usual.head}${usual.body}`))
  }
  assert.ok(!app.logs.join('').includes(poison))
})

/** Those of garbage collection come when each kind of it first happens, whoever asks for what. */
const isOurs = (line: string): boolean => line !== '' && !/^#|^headgate_nodejs_gc_/.test(line)

const countSeries = async (): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  assert.match(text, /headgate_http_request_duration_seconds_count/)
  return text.split('\n').filter(isOurs).length
}

test('T79 after 2,000 random paths, methods and grants there are as many metric series as before', async () => {
  const random = () => randomBytes(8).toString('hex')
  const shapes = [
    () => `/${random()}`,
    () => `/api/${random()}`,
    () => `/oauth2/${random()}`,
    () => `/api/odata4/${random()}/${random()}`,
    () => `/oauth2/consent/${random()}`,
    () => `/api/mgmt/datasources/${random()}`,
  ]
  const scan = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 50)
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const path = (shapes[i % shapes.length] ?? (() => '/'))()
          await (await fetch(app.url + path)).arrayBuffer()
        }),
      )
  }
  const ask = async (): Promise<void> => {
    await askToken(app, { grant_type: random() })
    await (await fetch(`${app.url}/${random()}`, { method: 'PROPFIND' })).arrayBuffer()
  }
  await scan(100)
  await ask()
  const before = await countSeries()
  await scan(2000)
  for (let i = 0; i < 20; i += 1) await ask()
  assert.equal(await countSeries(), before)
})

test('nothing stored is lost by all that was refused here', async () => {
  const client = await register(app)
  const tokens = await getTokens(app, client)
  await rawGet('/api/healthcheck', [`x-large: ${'v'.repeat(100_000)}`])
  await manage(app, 'PUT', `/api/mgmt/oauth/client/applications/${client.id}`, { body: '{"name":' })
  assert.equal(await readWith(app, tokens.access_token), 200)
  assert.equal(
    (await manage(app, 'GET', `/api/mgmt/oauth/client/applications/${client.id}`)).body['name'],
    'Test application',
  )
})
