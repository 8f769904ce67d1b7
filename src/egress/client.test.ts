// Alone in its process: it changes the environment and the certificates that are believed.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import fc from 'fast-check'
import { createAuthority } from '#test/support/certificate.ts'
import {
  answerWith,
  type Behaviour,
  json,
  type Misbehaviour,
  startHostileUpstream,
} from '#test/support/hostile-upstream.ts'
import { createAddressPolicy } from './address-policy.ts'
import { createOutbound, type OutboundDeps } from './client.ts'
import type { OutboundRequest } from './outbound.ts'
import { UpstreamError, type UpstreamFault } from './upstream-error.ts'

const authority = createAuthority()
// As NODE_EXTRA_CA_CERTS does it for an operator.
setDefaultCACertificates([...getCACertificates('default'), authority.certificate])

const upstream = await startHostileUpstream()
const loopback = createAddressPolicy(['127.0.0.0/8', '::1'])
const endings: (() => Promise<void>)[] = [upstream.close]
after(async () => {
  for (const end of endings) await end()
})

const open = (deps: Partial<OutboundDeps> = {}) => {
  const outbound = createOutbound({ addresses: loopback, ...deps })
  endings.push(outbound.close)
  const send = (path: string, more: Partial<OutboundRequest> = {}) =>
    outbound.send({ method: 'GET', url: `${upstream.origin}${path}`, lane: 'x', ...more })
  return { ...outbound, to: send }
}

const faultOf = async (sent: Promise<unknown>): Promise<UpstreamFault | 'none'> => {
  try {
    await sent
    return 'none'
  } catch (error) {
    assert.ok(error instanceof UpstreamError, String(error))
    assert.equal(error.cause, undefined)
    return error.fault
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

test('an answer comes whole, with its status and headers, and the request without anything of ours but our name', async () => {
  upstream.behave((_request, response) => {
    response.writeHead(418, ['X-One', 'a', 'x-one', 'b', 'Set-Cookie', 'c=1', 'set-cookie', 'd=2'])
    response.end('short and stout')
  })
  const outbound = open()
  const answer = await outbound.to('/a%20b?c=d', {
    method: 'POST',
    headers: { Accept: 'x/y', 'Accept-Encoding': 'br' },
    body: 'ä',
  })
  assert.equal(answer.status, 418)
  assert.equal(answer.headers['x-one'], 'a, b')
  assert.equal(textOf(answer.body), 'short and stout')
  const { method, path, headers, body } = upstream.received.at(-1) ?? assert.fail()
  assert.deepEqual([method, path, body], ['POST', '/a%20b?c=d', 'ä'])
  await outbound.to('/')
  assert.equal(upstream.received.at(-1)?.headers.cookie, undefined)
  assert.deepEqual(headers, {
    host: `127.0.0.1:${upstream.port}`,
    connection: 'close',
    accept: 'x/y',
    'accept-encoding': 'identity',
    'user-agent': 'headgate',
    'content-length': '2',
  })
})

test('a proxy of the environment is not asked', async (t) => {
  const before = { ...process.env }
  t.after(() => void (process.env = before))
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY'])
    process.env[name] = 'http://127.0.0.1:9'
  process.env['NODE_USE_ENV_PROXY'] = '1'
  upstream.behave(json({}))
  assert.equal((await open().to('/')).status, 200)
})

const small = { limits: { timeout: 150 } }

const outcomes: Readonly<Record<Misbehaviour, UpstreamFault | 'none'>> = {
  html: 'none',
  'tokens as HTML': 'none',
  large: 'too-large',
  'announced as large': 'too-large',
  silent: 'timed-out',
  'silent after the head': 'timed-out',
  drip: 'timed-out',
  failing: 'none',
  unavailable: 'none',
  throttling: 'none',
  elsewhere: 'redirected',
  'elsewhere here': 'redirected',
  'a list': 'none',
  'half a JSON': 'none',
  'no token': 'none',
  'cut short': 'unreachable',
  reset: 'unreachable',
  hangup: 'unreachable',
  'another protocol': 'malformed',
  'a head without end': 'too-large',
  compressed: 'malformed',
  'another length': 'malformed',
  'another protocol after all': 'unreachable',
}

test('whatever an upstream does ends in an answer or an error of its class, and reaches it once', async () => {
  for (const [name, expected] of Object.entries(outcomes))
    for (const method of ['GET', 'POST'] as const) {
      upstream.behave(name as Misbehaviour)
      const isTimed = expected === 'timed-out'
      const before = upstream.received.length
      const sent = open(isTimed ? small : {}).to('/', { method })
      assert.equal(await faultOf(sent), expected, `${method}: ${name}`)
      if (name !== 'elsewhere here')
        assert.equal(upstream.received.length, before + 1, `${method}: ${name}`)
    }
})

test('a limit holds to the byte, and a request may lower it but not raise it', async () => {
  const outbound = open({ limits: { mostBytes: 1000 } })
  const of = (bytes: number): Behaviour => answerWith(200, {}, 'x'.repeat(bytes))
  const chunked =
    (bytes: number): Behaviour =>
    (_request, response) => {
      for (let i = 0; i < bytes; i += 1) response.write('x')
      response.end()
    }
  for (const behaviour of [of, chunked]) {
    upstream.behave(behaviour(1000))
    assert.equal((await outbound.to('/')).body.length, 1000)
    assert.equal((await outbound.to('/', { mostBytes: 5000 })).body.length, 1000)
    assert.equal(await faultOf(outbound.to('/', { mostBytes: 999 })), 'too-large')
    upstream.behave(behaviour(1001))
    assert.equal(await faultOf(outbound.to('/', { mostBytes: 5000 })), 'too-large')
  }
})

test('redirects of a GET are followed within the origin, three times, and nowhere else', async () => {
  const outbound = open()
  const hop: Behaviour = (request, response) => {
    const left = Number(request.path.slice(1))
    if (left === 0) response.end('arrived')
    else response.writeHead(302, { location: `/${left - 1}#fragment` }).end('on')
  }
  upstream.behave(hop)
  assert.equal(textOf((await outbound.to('/3')).body), 'arrived')
  assert.equal(await faultOf(outbound.to('/4')), 'redirected')
  assert.equal(await faultOf(outbound.to('/1', { method: 'POST' })), 'redirected')
  const other = await startHostileUpstream()
  endings.push(other.close)
  for (const location of [
    other.origin,
    `https://127.0.0.1:${upstream.port}/`,
    `http://localhost:${upstream.port}/`,
    `http://user@127.0.0.1:${upstream.port}/`,
    'file:///etc/passwd',
    'javascript:x',
    '',
    'http://',
  ]) {
    upstream.behave((request, response) =>
      request.path === '/'
        ? void response.end('arrived')
        : void response.writeHead(302, location === '' ? {} : { location }).end(),
    )
    assert.equal(await faultOf(outbound.to('/away')), 'redirected', location)
  }
  assert.equal(other.connections(), 0)
})

test('what an upstream asked for with Retry-After holds for its lane, and for no other', async () => {
  let now = Date.parse('2026-01-02T03:04:05Z')
  const outbound = open({ clock: { now: () => now } })
  for (const [lane, behaviour, seconds] of [
    ['a', answerWith(429, { 'retry-after': '7' }, ''), 7],
    ['b', answerWith(503, { 'retry-after': 'Fri, 02 Jan 2026 03:04:42 GMT' }, ''), 30],
    ['c', answerWith(429, { 'retry-after': '86400' }, ''), 3600],
  ] as const) {
    upstream.behave(behaviour)
    assert.ok((await outbound.to('/', { lane })).status > 400)
    upstream.behave(json({}))
    const before = upstream.received.length
    await assert.rejects(outbound.to('/', { lane }), (error: UpstreamError) => {
      assert.deepEqual([error.fault, error.retryAfterSeconds], ['throttled', seconds])
      return true
    })
    assert.equal(upstream.received.length, before)
    assert.equal((await outbound.to('/', { lane: 'another' })).status, 200)
    now += seconds * 1000
    assert.equal((await outbound.to('/', { lane })).status, 200)
  }
})

test('eight requests of a lane are under way at once, sixty-four wait, and more are told to come back', async () => {
  const outbound = open()
  const held: (() => void)[] = []
  let most = 0
  let active = 0
  upstream.behave((_request, response) => {
    active += 1
    most = Math.max(most, active)
    held.push(() => {
      active -= 1
      response.end('x')
    })
    if (held.length === 8) for (const release of held.splice(0)) setImmediate(release)
  })
  const sent = Array.from({ length: 80 }, () => faultOf(outbound.to('/')))
  const outcomes = await Promise.all(sent)
  assert.equal(most, 8)
  assert.equal(outcomes.filter((outcome) => outcome === 'none').length, 72)
  assert.equal(outcomes.filter((outcome) => outcome === 'throttled').length, 8)
})

test('waiting for a place counts into the time of a request', async () => {
  upstream.behave('silent')
  const outbound = open({ limits: { timeout: 300, lanes: { atOnce: 1 } } })
  const first = faultOf(outbound.to('/'))
  const before = upstream.received.length
  assert.equal(await faultOf(outbound.to('/', { timeout: 50 })), 'timed-out')
  assert.equal(await first, 'timed-out')
  assert.ok(upstream.received.length <= before + 1)
})

test('a signal ends a request that waits, that is under way, or that has not begun', async () => {
  upstream.behave('silent')
  const outbound = open({ limits: { lanes: { atOnce: 1 } } })
  const controller = new AbortController()
  const underWay = faultOf(outbound.to('/', { signal: controller.signal }))
  const waiting = faultOf(outbound.to('/', { signal: controller.signal }))
  controller.abort()
  assert.deepEqual(await Promise.all([underWay, waiting]), ['timed-out', 'timed-out'])
  const late = outbound.to('/', { signal: controller.signal })
  assert.equal(await faultOf(late), 'timed-out')
  upstream.behave(json({}))
  assert.equal((await outbound.to('/')).status, 200)
})

test('closing ends what is under way, and nothing begins after it', async () => {
  upstream.behave('silent')
  const outbound = open({
    resolve: (host) => (host === 'localhost' ? new Promise(() => undefined) : Promise.resolve([])),
  })
  const arrived = new Promise<void>((resolve) => upstream.behave(() => resolve()))
  const sent = [
    faultOf(outbound.to('/')),
    faultOf(outbound.to('/', { url: `http://localhost:${upstream.port}/` })),
  ]
  await arrived
  await outbound.close()
  assert.deepEqual(await Promise.all(sent), ['unreachable', 'unreachable'])
  assert.equal(await faultOf(outbound.to('/')), 'unreachable')
})

test('a certificate counts when it is valid now, for the host, and of an authority that is trusted', async () => {
  const day = 86_400_000
  const expired = { from: new Date(Date.now() - 2 * day), until: new Date(Date.now() - day) }
  const future = { from: new Date(Date.now() + day), until: new Date(Date.now() + 2 * day) }
  const hosts = ['127.0.0.1', 'upstream.example']
  const resolve = () => Promise.resolve(['127.0.0.1'])
  for (const [certificate, expected] of [
    [authority.issue({ hosts }), 'none'],
    [authority.issue({ hosts, ...expired }), 'certificate'],
    [authority.issue({ hosts, ...future }), 'certificate'],
    [authority.issue({ hosts: ['127.0.0.2', 'other.example'] }), 'certificate'],
    [createAuthority('Another authority').issue({ hosts }), 'certificate'],
  ] as const) {
    const secure = await startHostileUpstream({ tls: certificate })
    endings.push(secure.close)
    for (const url of [secure.origin, `https://upstream.example:${secure.port}`]) {
      const outbound = open({ resolve })
      assert.equal(await faultOf(outbound.to('/', { url })), expected)
    }
    assert.equal(secure.received.length, expected === 'none' ? 2 : 0)
  }
})

test('no setting of the environment switches the verification of certificates off', async (t) => {
  const before = { ...process.env }
  t.after(() => void (process.env = before))
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  const secure = await startHostileUpstream({
    tls: createAuthority('x').issue({ hosts: ['127.0.0.1'] }),
  })
  endings.push(secure.close)
  assert.equal(await faultOf(open().to('/', { url: secure.origin })), 'certificate')
})

test('an upstream that does not speak TLS, is not there or has no name is out of reach', async () => {
  upstream.behave(json({}))
  const outbound = open({ resolve: () => Promise.reject(new Error('ENOTFOUND')) })
  for (const url of [
    `https://127.0.0.1:${upstream.port}/`,
    'http://127.0.0.1:2/',
    'https://no-such-name.example/',
  ])
    assert.equal(await faultOf(outbound.to('/', { url })), 'unreachable', url)
})

test('a name that nobody answers for is given up after the time for connecting', async () => {
  const outbound = open({
    resolve: () => new Promise(() => undefined),
    limits: { connectTimeout: 50 },
  })
  assert.equal(await faultOf(outbound.to('/', { url: 'https://slow.example/' })), 'timed-out')
})

test('what an upstream sends is in no message, detail or cause', async () => {
  const canary = 'sent-by-the-upstream'
  const outbound = open()
  for (const bytes of [
    `${canary}\r\n\r\n`,
    `HTTP/1.1 200 ${canary}\r\n${canary}\r\n\r\n`,
    `HTTP/1.1 302 x\r\nlocation: https://${canary}/\r\ncontent-length: 0\r\n\r\n`,
    `HTTP/1.1 200 x\r\ncontent-encoding: ${canary}\r\ncontent-length: 0\r\n\r\n`,
    `HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n${canary}`,
  ]) {
    upstream.behave((_request, _response, socket) => void socket.end(bytes))
    await assert.rejects(outbound.to('/'), (error: UpstreamError) => {
      assert.ok(error instanceof UpstreamError)
      assert.ok(!`${error.stack} ${error.detail} ${String(error.cause)}`.includes(canary))
      return true
    })
  }
})

/** Bytes that begin as an answer does, and go on with anything. */
const anyAnswer = fc
  .tuple(
    fc.constantFrom('', 'HTTP/1.1 ', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\n\r\n'),
    fc.array(
      fc.oneof(
        fc.constantFrom(
          'content-length: 3\r\n',
          'transfer-encoding: chunked\r\n',
          'connection: close\r\n',
          'location: /\r\n',
          '\r\n',
          '3\r\nabc\r\n',
          '0\r\n\r\n',
          'HTTP/1.1 100 Continue\r\n\r\n',
        ),
        fc.uint8Array({ maxLength: 40 }),
      ),
    ),
  )
  .map(([head, parts]) => Buffer.concat([head, ...parts].map((part) => Buffer.from(part))))

test('whatever bytes an upstream sends, there is an answer or an error of a class', async () => {
  const outbound = open({ limits: { timeout: 2000 } })
  await fc.assert(
    fc.asyncProperty(anyAnswer, fc.constantFrom('GET', 'POST'), async (bytes, method) => {
      upstream.behave((_request, _response, socket) => void socket.end(bytes))
      await faultOf(outbound.to('/', { method }))
    }),
    { numRuns: 300 },
  )
})
