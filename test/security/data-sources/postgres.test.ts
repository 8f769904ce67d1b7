// Alone in its process: it changes the environment and the certificates that are believed.
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createPostgresConnector } from '#connectors/postgres/index.ts'
import type { Source } from '#connectors/connector.ts'
import { createDatabaseSockets, type DatabaseSockets } from '#egress/database-sockets.ts'
import type { ReadPlan } from '#query/plan.ts'
import { context, loopback, optionsFor } from '#test/contract/connectors/postgres.ts'
import { createAuthority } from '#test/support/certificate.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'

// Where a data source on PostgreSQL connects to, what it sends there, and whom it believes.

const authority = createAuthority()
// Read once, when a certificate is first verified: this test's authority is one of the system's.
const directory = mkdtempSync(join(tmpdir(), 'headgate-tls-'))
chmodSync(directory, 0o755)
const roots = join(directory, 'roots.pem')
writeFileSync(roots, authority.certificate)
process.env['SSL_CERT_FILE'] = roots

let cluster: Cluster
before(async () => {
  cluster = await startCluster()
})
after(async () => {
  await cluster.stop()
  rmSync(directory, { recursive: true })
})

const openWith = (sockets: DatabaseSockets, more: Record<string, string> = {}): Promise<Source> =>
  createPostgresConnector(sockets).open({ ...optionsFor(cluster.url), ...more }, context)

const refusal = async (source: Promise<Source>): Promise<string> => {
  const opened = await source
  try {
    await opened.describe()
    return 'none'
  } catch (error) {
    const { kind, message } = error as { kind: string; message: string }
    return `${kind}: ${message}`
  } finally {
    await opened.close()
  }
}

/** A server that counts who connects, and answers with what it is told to. */
const startStranger = async (answer: Buffer = Buffer.alloc(0), port = 0) => {
  const received: Buffer[] = []
  const open = new Set<Socket>()
  let connections = 0
  const server: Server = createServer((socket) => {
    connections++
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
    socket.on('data', (data) => {
      received.push(data)
      if (answer.length > 0) socket.write(answer)
    })
  })
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  return {
    port: String((server.address() as { port: number }).port),
    connections: () => connections,
    received: () => Buffer.concat(received),
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

test('T64: no byte goes to an address that the operator does not list, by whatever spelling', async () => {
  const stranger = await startStranger()
  const closed = createDatabaseSockets({ allowed: [], never: [] })
  const named = createDatabaseSockets({
    allowed: ['10.0.0.0/8'],
    never: [],
    resolve: async () => ['127.0.0.1', '::1', '169.254.169.254'],
  })
  for (const Host of [
    '127.0.0.1',
    '0.0.0.0',
    '::1',
    '[::1]',
    '::ffff:127.0.0.1',
    '169.254.169.254',
  ])
    for (const SSL of ['disable', 'require', 'verify-full'])
      assert.match(
        await refusal(openWith(closed, { Host, SSL, Port: stranger.port })),
        /^rejected: Host leads to .*HEADGATE_DATA_ALLOW/,
        `${Host} ${SSL}`,
      )
  const byName = await refusal(openWith(named, { Host: 'db.example', Port: stranger.port }))
  assert.match(byName, /^rejected: Host leads to/)
  assert.equal(stranger.connections(), 0)
  await stranger.close()
})

test('T64: without TLS only listed addresses are reached, though others are of the internet', async () => {
  const sockets = createDatabaseSockets({
    allowed: [],
    never: [],
    resolve: async () => ['93.184.215.14'],
  })
  assert.match(await refusal(openWith(sockets, { Host: 'db.example' })), /^rejected: .*SSL=disable/)
})

test('T62: a name is asked for once, and the address that was looked at is the one that is connected', async () => {
  const stranger = await startStranger()
  const answers = [['127.0.0.1'], ['127.0.0.2']]
  let asked = 0
  const sockets = createDatabaseSockets({
    allowed: ['127.0.0.2'],
    never: [],
    resolve: async () => answers[Math.min(asked++, 1)] ?? [],
  })
  const said = await refusal(openWith(sockets, { Host: 'db.example', Port: stranger.port }))
  assert.match(said, /^rejected: Host leads to/)
  assert.deepEqual([asked, stranger.connections()], [1, 0])
  await stranger.close()
})

test('T64: the system store is not a data source, although its address is listed', async () => {
  const never = [{ host: '127.0.0.1', port: cluster.port }]
  const sockets = createDatabaseSockets({ allowed: ['127.0.0.0/8'], never })
  for (const Host of ['127.0.0.1', '::ffff:127.0.0.1', 'localhost'])
    assert.match(
      await refusal(openWith(sockets, { Host })),
      /^rejected: .*that of the system store/,
      Host,
    )
})

test('T64: the request that cancels a statement goes where the statement went, and nowhere else', async () => {
  await cluster.run('CREATE VIEW slow AS SELECT 1 AS id FROM pg_sleep(600)')
  const opened: string[] = []
  const watched: DatabaseSockets = {
    ...loopback,
    open: (target, signal) => {
      opened.push(`${target.host}:${target.port}`)
      return loopback.open(target, signal)
    },
  }
  const source = await openWith(watched)
  const slow: ReadPlan = {
    shape: {
      from: { kind: 'table', row: 0, table: 'slow' },
      joins: [],
      groupBy: undefined,
      outputs: [{ kind: 'column', row: 0, name: 'id', type: 'Edm.Int32', nullable: true }],
      filter: undefined,
      order: [],
      after: undefined,
      limit: undefined,
      offset: undefined,
    },
    values: [],
  }
  const gone = new AbortController()
  const reading = (async () => {
    for await (const _ of source.read(slow, gone.signal));
  })()
  const running = async () =>
    (
      await cluster.run(
        `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%"slow"%' AND pid <> pg_backend_pid()`,
      )
    ).length
  while ((await running()) === 0) await new Promise((done) => setTimeout(done, 10))
  gone.abort()
  await assert.rejects(reading, { name: 'AbortError' })
  while ((await running()) > 0) await new Promise((done) => setTimeout(done, 10))
  assert.deepEqual(
    opened,
    Array.from({ length: 2 }, () => `127.0.0.1:${cluster.port}`),
  )
  await source.close()
})

test('nobody gets a password of this server that a data source does not have', async () => {
  const stranger = await startStranger()
  process.env['PGPASSWORD'] = 'the-password-of-this-server'
  process.env['PGUSER'] = 'the-user-of-this-server'
  try {
    for (const name of ['Password', 'User'])
      assert.match(
        await refusal(openWith(loopback, { Port: stranger.port, [name]: '' })),
        new RegExp(`^rejected: ${name} is missing`),
      )
    assert.equal(stranger.connections(), 0)
  } finally {
    delete process.env['PGPASSWORD']
    delete process.env['PGUSER']
  }
  await stranger.close()
})

test('a server that does not offer TLS gets neither user nor password, unless SSL is disable', async () => {
  for (const SSL of ['require', 'verify-full'])
    assert.match(await refusal(openWith(loopback, { SSL })), /^rejected: .*does not offer TLS/)
  const injected = await startStranger(Buffer.from('SR\0\0\0\x08\0\0\0\0'))
  const said = await refusal(openWith(loopback, { SSL: 'require', Port: injected.port }))
  assert.match(said, /^rejected: .*does not offer TLS/)
  // The request for TLS, and nothing after it.
  assert.equal(injected.received().length, 8)
  await injected.close()
})

test('a server that says nothing is given up after LoginTimeout', async () => {
  const silent = await startStranger()
  for (const SSL of ['disable', 'require'])
    assert.match(
      await refusal(openWith(loopback, { SSL, Port: silent.port, LoginTimeout: '1' })),
      /^timed-out: /,
    )
  await silent.close()
})

test('a certificate is believed when it is valid for the host, and only then', async () => {
  const secure = await startSecure(['localhost'])
  const open = (Host: string, SSL: string) =>
    refusal(
      createPostgresConnector(loopback).open({ ...optionsFor(secure.url), Host, SSL }, context),
    )
  try {
    assert.equal(await open('localhost', 'verify-full'), 'none')
    assert.match(
      await open('127.0.0.1', 'verify-full'),
      /^rejected: The certificate of the database is not valid for '127.0.0.1'/,
    )
    assert.equal(await open('127.0.0.1', 'require'), 'none')
    assert.equal(await open('127.0.0.1', 'disable'), 'none')
  } finally {
    await secure.stop()
  }
  const stranger = await startSecure(['localhost'], createAuthority('Somebody else'))
  try {
    const said = await refusal(
      createPostgresConnector(loopback).open(
        { ...optionsFor(stranger.url), Host: 'localhost', SSL: 'verify-full' },
        context,
      ),
    )
    assert.match(said, /^rejected: The certificate of the database is not valid for 'localhost' \(/)
  } finally {
    await stranger.stop()
  }
})

let made = 0

/** A cluster whose server offers TLS with a certificate for these hosts. */
const startSecure = async (hosts: readonly string[], by = authority): Promise<Cluster> => {
  const issued = by.issue({ hosts })
  const place = join(directory, `server-${made++}`)
  writeFileSync(`${place}.crt`, issued.certificate)
  writeFileSync(`${place}.key`, issued.key, { mode: 0o600 })
  // PostgreSQL takes a key of root that a group may read, when it is not root itself.
  if (process.getuid?.() === 0) chownSync(`${place}.key`, 65_534, 65_534)
  return startCluster([
    'ssl = on',
    `ssl_cert_file = '${place}.crt'`,
    `ssl_key_file = '${place}.key'`,
  ])
}
