import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { get } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { freePort, people } from '#test/support/app.ts'
import { type Fleet, startFleet } from '#test/support/fleet.ts'
import { hasNginx, type Nginx, startNginx } from '#test/support/nginx.ts'
import { getTokens, manage, readWith, register } from '#test/support/oauth.ts'
import { createWide } from '../security/fleet/ending.ts'
import { playStory } from './story.ts'

// The worked example docs/nginx.conf, in front of two nodes.

const skip = hasNginx ? false : 'nginx is not installed on this machine (Debian: nginx-light).'
const requestsOf = (kind: string): string => `headgate_http_request_duration_seconds_${kind}`

let fleet: Fleet
let nginx: Nginx
before(async () => {
  if (!hasNginx) return
  const ports = { tls: await freePort(), plain: await freePort() }
  fleet = await startFleet({
    publicUrl: `https://localhost:${ports.tls}`,
    // The data sources are created through the balancer, which needs to know where the nodes are.
    balancer: async ([one, two]) => {
      nginx = await startNginx(ports, [one?.port ?? 0, two?.port ?? 0])
      setDefaultCACertificates([...getCACertificates('default'), nginx.certificate])
    },
  })
  await createWide(fleet)
})
after(async () => {
  await nginx?.stop()
  await fleet?.close()
})

const answered = (): Promise<number[]> =>
  Promise.all(fleet.nodes.map((node) => node.metric(requestsOf('count'))))

test('the story is played through nginx, on both nodes', { skip }, async () => {
  const from = await answered()
  await playStory(fleet.app)
  const to = await answered()
  for (const index of [0, 1]) assert.ok((to[index] ?? 0) > (from[index] ?? 0))
})

test('what strangers say of host, scheme and address changes nothing', { skip }, async () => {
  const headers = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-port': '1',
    forwarded: 'for=203.0.113.9;host=evil.example;proto=http',
  }
  for (const url of [fleet.url, ...fleet.nodes.map((node) => node.url)]) {
    const metadata = await fetch(`${url}/.well-known/oauth-authorization-server`, { headers })
    const said = await metadata.text()
    assert.ok(!said.includes('evil.example'))
    assert.equal((JSON.parse(said) as { issuer: string }).issuer, fleet.url)
  }
  const page = await fetch(`${fleet.url}/sign-in`, { headers })
  assert.ok(!(await page.text()).includes('evil.example'))
  for (const cookie of page.headers.getSetCookie()) assert.match(cookie, /^__Host-.*; Secure/)
})

const openWide = (source: string, token: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const request = get(`${fleet.url}/api/odata4/${source}/Pages`, { headers }, (response) =>
      response.once('readable', () => {
        response.read(1000)
        resolve(response)
      }),
    )
    request.once('error', reject)
  })

const readWhole = async (response: IncomingMessage): Promise<void> => {
  let bytes = 1000
  for await (const chunk of response) bytes += (chunk as Buffer).length
  assert.ok(response.complete)
  assert.ok(bytes > 70_000_000)
}

test('an answer arrives before it is whole, and waits for its reader at the node', {
  skip,
}, async () => {
  const created = await manage(fleet.app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: {
      name: 'wide',
      dataStore: 5001,
      connectionType: 'Cloud',
      options: { Database: 'wide.db', ODataPageSize: '10000' },
    },
  })
  assert.equal(created.status, 201)
  const { access_token: token } = await getTokens(fleet.app, await register(fleet.app))
  const finished = async (): Promise<number> => {
    const counts = await Promise.all(
      fleet.nodes.map((node) => node.metric(requestsOf('count'), 'route="/api/odata4/:name/*"')),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }
  const began = performance.now()
  await readWhole(await openWide('wide', token))
  const whole = performance.now() - began
  const before = await finished()

  const response = await openWide('wide', token)
  // Long enough for the node to be done, if anybody took its answer.
  await sleep(500 + 3 * whole)
  assert.equal(await finished(), before, 'the node is done although nobody has read its answer')
  await readWhole(response)
  assert.equal(await finished(), before + 1)
})

test('while a node is down nobody notices', { skip }, async () => {
  const { access_token: token } = await getTokens(fleet.app, await register(fleet.app))
  await fleet.nodes[0]?.kill()
  try {
    for (let i = 0; i < 10; i += 1) assert.equal(await readWith(fleet.app, token), 200)
    await playStory({ ...fleet.app })
  } finally {
    await fleet.nodes[0]?.start()
  }
})

test('a POST that a node may have seen is never sent to another one', { skip }, async () => {
  const seen: string[] = []
  // Takes the request, and hangs up without an answer.
  const upstreams = [0, 1].map(() =>
    createServer((request) => {
      seen.push(request.method ?? '')
      request.socket.destroy()
    }),
  )
  const ports = [await freePort(), await freePort(), await freePort(), await freePort()] as const
  await Promise.all(
    upstreams.map(
      (server, index) =>
        new Promise<void>((resolve) => server.listen(ports[index], '127.0.0.1', () => resolve())),
    ),
  )
  const own = await startNginx({ tls: ports[2], plain: ports[3] }, [ports[0], ports[1]])
  setDefaultCACertificates([...getCACertificates('default'), nginx.certificate, own.certificate])
  try {
    const url = `https://localhost:${ports[2]}/oauth2/token`
    assert.equal((await fetch(url, { method: 'POST', body: 'grant_type=x' })).status, 502)
    assert.deepEqual(seen, ['POST'])
    await sleep(2500)
    assert.equal((await fetch(url)).status, 502)
    assert.deepEqual(seen, ['POST', 'GET', 'GET'])
    const plain = await fetch(`http://localhost:${ports[3]}/x?y=1`, { redirect: 'manual' })
    assert.equal(plain.status, 301)
    const large = await fetch(url, { method: 'POST', body: 'x'.repeat(70_000) })
    assert.equal(large.status, 413)
  } finally {
    await own.stop()
    for (const server of upstreams) server.close()
  }
})
