// Alone in its process: it changes the certificates that are believed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type AddressPolicy, createAddressPolicy } from '#egress/address-policy.ts'
import { createOutbound, type OutboundDeps } from '#egress/client.ts'
import type { Outbound } from '#egress/outbound.ts'
import { UpstreamError } from '#egress/upstream-error.ts'
import { createAuthority } from '#test/support/certificate.ts'
import { type HostileUpstream, json, startHostileUpstream } from '#test/support/hostile-upstream.ts'
import { forbiddenAddresses, forbiddenUrls } from './places.ts'

// Where the one client of all outbound HTTP connects to, seen from where it must not: a listener that counts.

const authority = createAuthority()
setDefaultCACertificates([...getCACertificates('default'), authority.certificate])

const name = 'upstream.example'
const tls = authority.issue({ hosts: [name, 'localhost', '127.0.0.1'] })

/** Where the operator's own upstream is, and where something else listens at the same port. */
let listed: HostileUpstream
let inner: HostileUpstream
const closing: Outbound[] = []

before(async () => {
  listed = await startHostileUpstream({ tls, host: '127.0.0.2' })
  inner = await startHostileUpstream({ tls, port: listed.port })
})
after(async () => {
  for (const outbound of closing) await outbound.close()
  await listed.close()
  await inner.close()
})

const closed = createAddressPolicy([])
const onlyListed = createAddressPolicy(['127.0.0.2'])

const open = (addresses: AddressPolicy, deps: Partial<OutboundDeps> = {}): Outbound => {
  const outbound = createOutbound({
    addresses,
    resolve: () => Promise.reject(new Error('no name is asked for here')),
    ...deps,
  })
  closing.push(outbound)
  return outbound
}

const get = (outbound: Outbound, url: string, method: 'GET' | 'POST' = 'GET') =>
  outbound.send({ method, url, lane: 'x' })

const faultOf = async (sent: Promise<unknown>): Promise<string> => {
  try {
    await sent
    return 'none'
  } catch (error) {
    assert.ok(error instanceof UpstreamError, String(error))
    return error.fault
  }
}

/** Does something at which no socket may reach what listens. */
const withoutConnection = async (work: () => Promise<void>): Promise<void> => {
  const before = [listed.connections(), inner.connections()]
  await work()
  assert.deepEqual([listed.connections(), inner.connections()], before)
}

test('T61: a URL of an address that is private, special or metadata is not called, in whatever spelling', async () => {
  const outbound = open(closed)
  await withoutConnection(async () => {
    for (const url of forbiddenUrls(inner.port))
      for (const method of ['GET', 'POST'] as const)
        assert.equal(await faultOf(get(outbound, url, method)), 'forbidden-address', url)
  })
})

test('T61: a name that leads to such an address is not connected to', async () => {
  await withoutConnection(async () => {
    for (const [kind, addresses] of Object.entries(forbiddenAddresses))
      for (const address of addresses) {
        const outbound = open(closed, { resolve: () => Promise.resolve([address]) })
        const sent = get(outbound, `https://${name}:${inner.port}/`)
        assert.equal(await faultOf(sent), 'forbidden-address', `${kind}: ${address}`)
      }
  })
})

test('T61: of the addresses of a name only those are connected to that may be', async () => {
  const url = `https://${name}:${listed.port}/`
  const before = inner.connections()
  for (const answer of [
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.2', '127.0.0.1', '10.0.0.1', '::1'],
  ]) {
    const outbound = open(onlyListed, { resolve: () => Promise.resolve(answer) })
    assert.equal((await get(outbound, url, 'POST')).status, 200)
  }
  assert.equal(inner.connections(), before)
  for (const answer of [['127.0.0.1', '::1'], []]) {
    const outbound = open(onlyListed, { resolve: () => Promise.resolve(answer) })
    assert.equal(await faultOf(get(outbound, url)), 'forbidden-address')
  }
  assert.equal(inner.connections(), before)
})

test('T61: a redirect leads nowhere that a request may not go, and a POST nowhere at all', async () => {
  const before = inner.connections()
  const named = open(onlyListed, { resolve: () => Promise.resolve(['127.0.0.2']) })
  for (const location of [...forbiddenUrls(inner.port), `http://${name}:${listed.port}/`]) {
    listed.behave((_request, response) => void response.writeHead(307, { location }).end())
    for (const method of ['GET', 'POST'] as const) {
      const sent = get(named, `https://${name}:${listed.port}/`, method)
      assert.equal(await faultOf(sent), 'redirected', location)
    }
  }
  listed.behave(json({}))
  assert.equal(inner.connections(), before)
})

test('T62: a resolver that changes its mind after the check is not asked again: what was checked is connected to', async () => {
  const before = { inner: inner.connections(), listed: listed.connections() }
  let asked = 0
  // Public when it is looked at, private when it is used, and the other way round.
  const resolve = async (): Promise<readonly string[]> => {
    asked += 1
    return [asked % 2 === 1 ? '127.0.0.2' : '127.0.0.1']
  }
  const outbound = open(onlyListed, { resolve })
  const faults: string[] = []
  for (let i = 0; i < 20; i += 1)
    faults.push(await faultOf(get(outbound, `https://${name}:${listed.port}/`, 'POST')))
  assert.deepEqual(
    faults,
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'none' : 'forbidden-address')),
  )
  assert.equal(asked, 20, 'one resolution for each connection')
  assert.equal(inner.connections(), before.inner)
  assert.equal(listed.connections(), before.listed + 10)
})

test('T62: a connection that is kept leads where it was checked; each new one is checked anew', async () => {
  const before = { inner: inner.connections(), listed: listed.connections() }
  let asked = 0
  const resolve = async () => [(asked += 1) === 1 ? '127.0.0.2' : '127.0.0.1']
  const outbound = open(onlyListed, { resolve })
  const faults: string[] = []
  for (let i = 0; i < 10; i += 1)
    faults.push(await faultOf(get(outbound, `https://${name}:${listed.port}/`)))
  assert.equal(faults[0], 'none')
  for (const fault of faults) assert.match(fault, /^(?:none|forbidden-address)$/)
  assert.equal(inner.connections(), before.inner)
  assert.equal(listed.connections(), before.listed + 1)
})

test('T62: the socket is looked at once more, and nothing is sent where it must not have led', async (t) => {
  const plain = await startHostileUpstream()
  t.after(() => plain.close())
  // The operator lists 0.0.0.0, which a system takes for loopback when it connects.
  const odd = open(createAddressPolicy(['0.0.0.0']))
  assert.equal(await faultOf(get(odd, `http://0.0.0.0:${plain.port}/`)), 'forbidden-address')
  assert.equal(plain.received.length, 0)
  const fine = open(createAddressPolicy(['0.0.0.0', '127.0.0.1']))
  assert.equal((await get(fine, `http://0.0.0.0:${plain.port}/`)).status, 200)
})

test('T61: plain HTTP goes to listed addresses alone, whatever localhost resolves to', async (t) => {
  const plain = await startHostileUpstream()
  t.after(() => plain.close())
  const policy = createAddressPolicy(['127.0.0.1'])
  const url = `http://localhost:${plain.port}/`
  for (const [answer, expected] of [
    ['8.8.8.8', 'forbidden-address'],
    ['127.0.0.3', 'forbidden-address'],
    ['127.0.0.1', 'none'],
  ] as const) {
    const outbound = open(policy, { resolve: () => Promise.resolve([answer]) })
    assert.equal(await faultOf(get(outbound, url)), expected, answer)
  }
  assert.equal(plain.connections(), 1)
})

test('T61: the system store is out of reach although the operator lists its address', async (t) => {
  const store = await startHostileUpstream()
  const beside = await startHostileUpstream()
  t.after(() => Promise.all([store.close(), beside.close()]))
  const policy = createAddressPolicy(['127.0.0.0/8', '0.0.0.0', '::1'])
  const resolve = async (host: string): Promise<readonly string[]> => {
    if (host === 'gone.example') throw Object.assign(new Error('x'), { code: 'ENOTFOUND' })
    return host === 'localhost' ? ['127.0.0.1'] : ['127.0.0.9', '127.0.0.1']
  }
  for (const host of ['127.0.0.1', 'database.example', '::ffff:127.0.0.1']) {
    const outbound = open(policy, { never: [{ host, port: store.port }], resolve })
    for (const way of ['127.0.0.1', '[::ffff:7f00:1]', 'localhost', '0.0.0.0', '2130706433'])
      assert.equal(
        await faultOf(get(outbound, `http://${way}:${store.port}/`)),
        'forbidden-address',
        `${host}: ${way}`,
      )
    assert.equal((await get(outbound, `http://127.0.0.1:${beside.port}/`)).status, 200)
  }
  // Whoever listens at one address of this machine may listen at all of them.
  for (const host of ['127.0.0.7', '::1', '0.0.0.0']) {
    const outbound = open(policy, { never: [{ host, port: store.port }], resolve })
    for (const way of ['127.0.0.1', '127.0.0.9', '[::1]', '0.0.0.0', 'localhost'])
      assert.equal(
        await faultOf(get(outbound, `http://${way}:${store.port}/`)),
        'forbidden-address',
        `${host}: ${way}`,
      )
  }
  // Another way to write it, of a network that the operator lists as a whole.
  const everything = createAddressPolicy(['0.0.0.0/0', '::/0'])
  const remote = open(everything, { never: [{ host: '203.0.113.9', port: store.port }], resolve })
  for (const way of ['[64:ff9b::cb00:7109]', '[2002:cb00:7109::]', '[::cb00:7109]'])
    assert.equal(
      await faultOf(get(remote, `http://${way}:${store.port}/`)),
      'forbidden-address',
      way,
    )
  assert.equal(store.received.length, 0)
  // Nobody knows where it is: then nothing is called at its port.
  const blind = open(policy, { never: [{ host: 'gone.example', port: store.port }], resolve })
  assert.equal(await faultOf(get(blind, `http://127.0.0.1:${store.port}/`)), 'unreachable')
  assert.equal((await get(blind, `http://127.0.0.1:${beside.port}/`)).status, 200)
  assert.equal(store.received.length, 0)
})
