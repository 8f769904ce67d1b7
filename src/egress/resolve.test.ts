import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createResolve } from './resolve.ts'

/** A name server: what it has for a name and type, `silence`, or nothing. RFC 1035 section 4.1. */
type Zone = Readonly<Record<string, { readonly a?: string; readonly aaaa?: string } | 'silence'>>

const aaaa = 28

const answerTo = (query: Buffer, zone: Zone): Buffer | undefined => {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString())
    at += 1 + length
  }
  const found = zone[labels.join('.').toLowerCase()]
  if (found === 'silence') return undefined
  const isV6 = query.readUInt16BE(at + 1) === aaaa
  const address = isV6 ? found?.aaaa : found?.a
  const data = address === undefined ? undefined : Buffer.from(address, 'hex')
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  // An answer; NXDOMAIN for what is not in the zone.
  head.writeUInt16BE(found === undefined ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(data === undefined ? 0 : 1, 6)
  const question = query.subarray(12, at + 5)
  if (data === undefined) return Buffer.concat([head, question])
  const record = Buffer.from([0xc0, 12, 0, isV6 ? aaaa : 1, 0, 1, 0, 0, 0, 60, 0, data.length])
  return Buffer.concat([head, question, record, data])
}

const directory = mkdtempSync(join(tmpdir(), 'headgate-hosts-'))
const zone: Record<string, Zone[string]> = {
  'both.example': { a: 'cb007101', aaaa: '20010db8000000000000000000000001' },
  'four.example': { a: 'cb007102' },
  'six.example': { aaaa: '20010db8000000000000000000000002' },
  'pinned.example': { a: 'cb007103' },
}
for (let i = 0; i < 60; i += 1) zone[`${i}.silent.example`] = 'silence'
const asked: string[] = []
const server = createSocket('udp4', (query, from) => {
  const answer = answerTo(query, zone)
  if (answer !== undefined) server.send(answer, from.port, from.address)
})
server.bind(0, '127.0.0.1')
await once(server, 'listening')
const servers = [`127.0.0.1:${server.address().port}`]
const hosts = join(directory, 'hosts')
writeFileSync(hosts, '127.0.0.1 localhost\n# 10.0.0.1 no.example\n10.0.0.2\tx Pinned.example # y\n')
after(() => {
  server.close()
  rmSync(directory, { recursive: true, force: true })
})

const open = (system: (host: string) => Promise<readonly string[]>) =>
  createResolve({ servers, hosts, system })

const unasked = (host: string): Promise<never> => {
  asked.push(host)
  return Promise.reject(new Error('the system is not asked'))
}

test('a name has the addresses of the hosts file, else all that DNS has', async () => {
  const resolve = open(unasked)
  assert.deepEqual(await resolve('localhost'), ['127.0.0.1'])
  assert.deepEqual(await resolve('PINNED.example.'), ['10.0.0.2'])
  assert.deepEqual(await resolve('both.example'), ['203.0.113.1', '2001:db8::1'])
  assert.deepEqual(await resolve('four.example'), ['203.0.113.2'])
  assert.deepEqual(await resolve('six.example'), ['2001:db8::2'])
  assert.deepEqual(asked, [])
})

test('sixty names that nobody answers for do not hold up another, and the system is not asked for them', async () => {
  const resolve = open(unasked)
  const silent = Array.from({ length: 60 }, (_, i) =>
    resolve(`${i}.silent.example`).then(
      () => 'found',
      (error: NodeJS.ErrnoException) => error.code,
    ),
  )
  const first = await Promise.race([...silent, resolve('four.example')])
  assert.deepEqual(first, ['203.0.113.2'])
  assert.deepEqual(new Set(await Promise.all(silent)), new Set(['ETIMEOUT']))
  assert.deepEqual(asked, [])
})

test('what DNS does not know is asked of the system, one name at a time, and never of too many', async () => {
  const held: (() => void)[] = []
  let active = 0
  let most = 0
  const resolve = open(async () => {
    most = Math.max(most, (active += 1))
    await new Promise<void>((release) => held.push(release))
    active -= 1
    return ['10.0.0.9']
  })
  const outcomes: string[] = []
  const all = Array.from({ length: 40 }, (_, i) =>
    resolve(`${i}.local`).then(
      ([address = '']) => outcomes.push(address),
      (error: NodeJS.ErrnoException) => outcomes.push(String(error.code)),
    ),
  )
  // DNS goes on beside it.
  assert.deepEqual(await resolve('four.example'), ['203.0.113.2'])
  const done = Promise.all(all).then(() => true)
  while (!(await Promise.race([done, new Promise((next) => setImmediate(next, false))])))
    if (outcomes.length >= 40 - 17) held.shift()?.()
  assert.equal(most, 1)
  assert.equal(outcomes.filter((outcome) => outcome === '10.0.0.9').length, 17)
  assert.equal(outcomes.filter((outcome) => outcome === 'EBUSY').length, 40 - 17)
})
