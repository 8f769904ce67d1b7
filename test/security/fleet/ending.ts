import assert from 'node:assert/strict'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { people } from '#test/support/app.ts'
import { type Fleet, withinOneSecond } from '#test/support/fleet.ts'
import { manage, readWith, register, type Registered } from '#test/support/oauth.ts'
import { mintTokens } from '../tokens/support.ts'

// T51 and T53 over two processes: something ends at node 0, and node 1, which did not hear of it, must know within one
// second, for requests and for answers that are open.

const wideBytes = 70_000_000

/** A data source whose one answer is far more than all buffers hold. */
export const createWide = async (fleet: Fleet): Promise<void> => {
  const database = new DatabaseSync(join(fleet.filesDir, '1', 'wide.db'))
  database.exec(`CREATE TABLE Page (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    INSERT INTO Page WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      SELECT i, hex(zeroblob(4000)) FROM n`)
  database.close()
}

const createWideSource = async (fleet: Fleet, name: string): Promise<number> => {
  const { status, body } = await manage(fleet.at(0), 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: {
      name,
      dataStore: 5001,
      connectionType: 'Cloud',
      options: { Database: 'wide.db', ODataPageSize: '10000' },
    },
  })
  assert.equal(status, 201, JSON.stringify(body))
  return Number(body['id'])
}

/** Begins a long answer and does not read on: it stays open. */
const openStream = (url: string, accessToken: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${accessToken}` }
    const request = get(url, { headers }, (response) => {
      response.once('readable', () => {
        response.read(1000)
        resolve(response)
      })
    })
    request.once('error', reject)
  })

/** Reads on to the end; whether the answer came whole. */
const drain = (response: IncomingMessage): Promise<boolean> =>
  new Promise((resolve) => {
    let bytes = 0
    response.on('data', (chunk: Buffer) => (bytes += chunk.length))
    response.once('close', () => resolve(response.complete && bytes > wideBytes))
    response.once('error', () => undefined)
  })

/** What somebody holds before the event: tokens, and the data sources that they reach. */
export type Held = {
  readonly client: Registered
  readonly source: string
  readonly sourceId: number
}

export type Event = {
  readonly happen: (fleet: Fleet, held: Held) => Promise<unknown>
  readonly undo?: (fleet: Fleet) => Promise<unknown>
  /** What the bearer gets from then on: 401 unless told otherwise. */
  readonly status?: number
}

const applications = '/api/mgmt/oauth/client/applications'
const setUser = (fleet: Fleet, name: string, status: number) =>
  fleet.sql(`update users set status = ${status} where user_name = '${name}'`)

const ask = async (
  fleet: Fleet,
  method: string,
  path: string,
  options: Parameters<typeof manage>[3] = {},
): Promise<void> => {
  const { status, body } = await manage(fleet.at(0), method, path, options)
  assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(body)}`)
}

const update = (fleet: Fleet, { client }: Held, body: unknown) =>
  ask(fleet, 'PUT', `${applications}/${client.id}`, { body })

export const events: Readonly<Record<string, Event>> = {
  'T51: the user is disabled': {
    happen: (fleet) => setUser(fleet, people.user.name, 0),
    undo: (fleet) => setUser(fleet, people.user.name, 1),
  },
  'T51: the tenant is disabled': {
    happen: (fleet) => fleet.sql('update tenants set status = 0 where id = 1'),
    undo: (fleet) => fleet.sql('update tenants set status = 1 where id = 1'),
  },
  'T51: the owner of the application is disabled': {
    happen: (fleet) => setUser(fleet, people.owner.name, 0),
    undo: (fleet) => setUser(fleet, people.owner.name, 1),
  },
  'T51: the user loses the permission to read': {
    happen: (fleet) =>
      fleet.sql('delete from role_permissions where role_id = 2 and permission_id = 7'),
    undo: (fleet) => fleet.sql('insert into role_permissions values (2, 7)'),
    status: 403,
  },
  'T51: an administrator resets the password of the user': {
    happen: (fleet) => fleet.app.core.passwordChange.reset(people.user.name, people.user.password),
  },
  'T51: the application is disabled': {
    happen: (fleet, held) => update(fleet, held, { enabled: false }),
  },
  'T51: the application is deleted': {
    happen: (fleet, { client }) => ask(fleet, 'DELETE', `${applications}/${client.id}`),
  },
  'T51: the secret of the application is reset': {
    happen: (fleet, { client }) => ask(fleet, 'PUT', `${applications}/${client.id}/reset`),
  },
  'T51: the user ends the access': {
    happen: (fleet, { client }) =>
      ask(fleet, 'DELETE', `/api/mgmt/oauth/client/allowedapplications/${client.id}`, {
        person: people.user,
      }),
  },
  'T51: the data source is deleted': {
    happen: (fleet, { sourceId }) =>
      ask(fleet, 'DELETE', `/api/mgmt/datasources/${sourceId}`, { person: people.user }),
    status: 404,
  },
  'T53: the redirect URI is removed': {
    happen: (fleet, held) => update(fleet, held, { redirectUrls: ['https://other.example/'] }),
  },
}

/** Lets it happen at node 0; answers after how many milliseconds node 1 refused, and had cut its open answer. */
export const hearOf = async (
  fleet: Fleet,
  event: Event,
): Promise<{ readonly refused: number; readonly cut: number }> => {
  const [, other] = fleet.nodes
  assert.ok(other)
  const client = await register(fleet.at(0))
  const source = `wide${client.id}`
  const held = { client, source, sourceId: await createWideSource(fleet, source) }
  const { access_token: token } = await mintTokens(fleet.app, client)
  const stream = await openStream(`${other.url}/api/odata4/${source}/Pages`, token)
  const cuts = (): Promise<number> => other.metric('headgate_streams_cut_total')
  const cutsBefore = await cuts()
  const read = async (): Promise<number> => {
    const response = await fetch(`${other.url}/api/odata4/${source}/Pages(1)?$select=id`, {
      headers: { authorization: `Bearer ${token}` },
    })
    await response.arrayBuffer()
    return response.status
  }
  // The node remembers its answer from just before the event.
  assert.equal(await read(), 200)
  await event.happen(fleet, held)
  try {
    const [refused, cut] = await Promise.all([
      withinOneSecond('the bearer is refused', async () => (await read()) !== 200),
      withinOneSecond('the open answer is cut', async () => (await cuts()) > cutsBefore),
    ])
    assert.equal(await read(), event.status ?? 401)
    assert.equal(await drain(stream), false)
    return { refused, cut }
  } finally {
    stream.destroy()
    await event.undo?.(fleet)
  }
}

/** An answer that nobody disturbs comes whole: otherwise a cut would show nothing. */
export const readWhole = async (fleet: Fleet): Promise<boolean> => {
  const client = await register(fleet.at(0))
  const source = `wide${client.id}`
  await createWideSource(fleet, source)
  const { access_token: token } = await mintTokens(fleet.app, client)
  assert.equal(await readWith(fleet.at(1), token), 200)
  return drain(await openStream(`${fleet.nodes[1]?.url}/api/odata4/${source}/Pages`, token))
}
