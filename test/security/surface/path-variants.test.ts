import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import {
  basicOf,
  createSource,
  people,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'
import { askAsClient, getTokens, register, registerMachine } from '#test/support/oauth.ts'
import { createPerson, createTenant } from '#test/support/tenants.ts'
import { detours, spellings, type Target, type Variant } from './path-variants.ts'

// T71: whatever way a data source is named, the decision is that of its canonical address. Names are equally long, so that answers are, too.

/** How many rows each has: no other number of an answer looks like it. */
const rows = {
  bank_open: 7411,
  bank_kept: 7433,
  bank_user: 7451,
  bank_firm: 7477,
} as const
/** Of the token's user and of the consent; of the user alone; of another user; of another tenant's; of nobody. */
type Existing = keyof typeof rows
type Name = Existing | 'bank_none'
const all = Object.keys(rows) as Existing[]
const canaryOf = (name: Existing): string => `${name.slice(5)} canary`

let app: TestApp
let bearer: string
let machine: string
const targets = new Map<Name, Target>()
const agent = new Agent({ keepAlive: true, maxSockets: 8 })

const createFile = (directory: string, name: Existing): void => {
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(join(directory, `${name}.db`))
  database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE Item (id INTEGER PRIMARY KEY, name VARCHAR(50));
    CREATE TABLE Part (id INTEGER PRIMARY KEY, item_id INTEGER REFERENCES Item, name VARCHAR(50));
    INSERT INTO Item WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows[name]})
      SELECT i, '${canaryOf(name)}' FROM n;
    INSERT INTO Part SELECT id, id, name FROM Item`)
  database.close()
}

/** What the owner was given when reading the first of several pages. */
const readTarget = async (name: Name, person: Person): Promise<Target> => {
  const response = await fetch(`${app.url}/api/odata4/${name}/Items`, {
    headers: { ...basicOf(person), prefer: 'odata.maxpagesize=1' },
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  const link = new URL((JSON.parse(text) as Record<string, string>)['@odata.nextLink'] ?? '')
  return {
    name,
    origin: app.url,
    skipToken: link.searchParams.get('$skiptoken') ?? '',
    etag: response.headers.get('etag') ?? '',
  }
}

before(async () => {
  app = await startApp({ sources: false })
  const tenantId = await createTenant(app, 'Elsewhere')
  const permissions = [1, 2, 3, 4, 5, 6, 7, 11]
  const far = await createPerson(app, { name: 'far', tenantId, permissions })
  const owners = {
    bank_open: people.user,
    bank_kept: people.user,
    bank_user: people.owner,
    bank_firm: far,
  }
  let open = 0
  for (const name of all) {
    const tenant = name === 'bank_firm' ? tenantId : 1
    createFile(join(app.dataDir, 'files', String(tenant)), name)
    const id = await createSource(app, name, `${name}.db`, owners[name])
    if (name === 'bank_open') open = id
    targets.set(name, await readTarget(name, owners[name]))
  }
  const own = targets.get('bank_open')
  assert.ok(own)
  // Of a data source that there is not, nobody has a token: one that is altered stands for it.
  const skipToken = own.skipToken.slice(0, -2) + (own.skipToken.endsWith('AA') ? 'BB' : 'AA')
  targets.set('bank_none', { ...own, name: 'bank_none', skipToken, etag: '"none"' })
  const client = await register(app)
  bearer = `Bearer ${(await getTokens(app, client, { sources: [open] })).access_token}`
  const asked = await askAsClient(app, await registerMachine(app, ['bank_open']))
  machine = `Bearer ${asked.body.access_token}`
})
after(async () => {
  agent.destroy()
  await app.close()
})

type Answer = { readonly status: number; readonly headers: string; readonly body: string }

const volatile = new Set(['date', 'keep-alive', 'connection', 'x-request-id'])

/** Sends it byte for byte; without what differs from answer to answer by its nature. */
const send = (variant: Variant, authorization?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', path, headers, body = '' } = variant
    const outgoing = request(
      {
        agent,
        host: '127.0.0.1',
        port: app.port,
        path,
        method,
        setHost: false,
        headers: {
          Host: `localhost:${app.port}`,
          ...(['GET', 'HEAD'].includes(method)
            ? {}
            : { 'Content-Length': Buffer.byteLength(body) }),
          ...headers,
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.entries(response.headers)
              .filter(([name]) => !volatile.has(name))
              .map(([name, value]) => `${name}: ${String(value)}`)
              .join('\n'),
            body: text,
          }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })

/** The same text for every data source: their names and the random boundary of a batch are taken out. */
const neutral = (text: string, name: Name): string =>
  text
    .replaceAll(name, '<name>')
    .replaceAll(name.toUpperCase(), '<NAME>')
    .replaceAll(/batch_[\w-]{10,}/g, '<boundary>')

const targetOf = (name: Name): Target => {
  const target = targets.get(name)
  assert.ok(target)
  return target
}

/** Nothing of a data source is in an answer: neither a row nor how many there are. */
const assertNothingOf = (
  names: readonly Existing[],
  { headers, body }: Answer,
  what: string,
): void => {
  for (const name of names)
    for (const trace of [canaryOf(name), String(rows[name])])
      assert.ok(
        !`${headers}\n${body}`.includes(trace),
        `${what}: there is ${trace} in ${body.slice(0, 300)}`,
      )
}

const callers = [
  {
    who: 'a token that was consented for one data source',
    header: () => bearer,
    may: ['bank_open'],
    mayNot: ['bank_kept', 'bank_user', 'bank_firm'],
  },
  {
    who: 'a machine that its owner lets read one data source',
    header: () => machine,
    may: ['bank_open'],
    mayNot: ['bank_kept', 'bank_user', 'bank_firm'],
  },
  {
    who: 'its user with a password',
    header: () => basicOf(people.user).authorization,
    may: ['bank_open', 'bank_kept'],
    mayNot: ['bank_user', 'bank_firm'],
  },
  {
    who: 'nobody',
    header: () => undefined,
    may: [],
    mayNot: ['bank_open', 'bank_kept', 'bank_user', 'bank_firm'],
  },
] as const satisfies readonly {
  readonly who: string
  readonly header: () => string | undefined
  readonly may: readonly Existing[]
  readonly mayNot: readonly Existing[]
}[]

for (const { who, header, may, mayNot } of callers)
  describe(`to ${who}`, () => {
    for (const name of mayNot)
      test(`T71: every spelling of ${name} is answered as if there were none`, async () => {
        const absent = spellings(targetOf('bank_none'))
        for (const [i, variant] of spellings(targetOf(name)).entries()) {
          const [answer, wanted] = await Promise.all([
            send(variant, header()),
            send(absent[i] ?? variant, header()),
          ])
          assertNothingOf(mayNot, answer, variant.what)
          assert.notEqual(Math.floor(answer.status / 100), 2, variant.what)
          assert.equal(answer.status, wanted.status, variant.what)
          assert.equal(
            neutral(answer.headers, name),
            neutral(wanted.headers, 'bank_none'),
            variant.what,
          )
          assert.equal(neutral(answer.body, name), neutral(wanted.body, 'bank_none'), variant.what)
        }
      })

    for (const name of may)
      test(`T71: a spelling of ${name} shows that data source or nothing`, async () => {
        const others = all.filter((other) => other !== name)
        for (const variant of spellings(targetOf(name))) {
          const answer = await send(variant, header())
          assertNothingOf(others, answer, variant.what)
          assert.equal(
            answer.status < 400,
            variant.opens === true,
            `${answer.status} ${variant.what}`,
          )
          assert.ok(
            answer.status < 500 || answer.status === 501,
            `${answer.status} ${variant.what}`,
          )
        }
      })

    for (const from of may)
      for (const name of all.filter((other) => other !== from))
        test(`T71: no way leads from ${from} to ${name}`, async () => {
          const absent = detours(from, targetOf('bank_none'))
          for (const [i, variant] of detours(from, targetOf(name)).entries()) {
            const [answer, wanted] = await Promise.all([
              send(variant, header()),
              send(absent[i] ?? variant, header()),
            ])
            assertNothingOf([...mayNot, name], answer, variant.what)
            assert.equal(answer.status, wanted.status, variant.what)
            assert.equal(
              neutral(answer.body, name),
              neutral(wanted.body, 'bank_none'),
              variant.what,
            )
          }
        })
  })
