import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { basicOf, people, startApp, type TestApp } from './app.ts'
import { manage } from './oauth.ts'

// A server behind a proxy that terminates TLS, and requests to it as clients of OData send them.

export const publicUrl = 'https://data.example'
/** Where the world finds the data source. */
export const publicRoot = `${publicUrl}/api/odata4/shop`

export type ClientHeaders = Readonly<Record<string, string>>
export type ClientAnswer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** What the proxy adds, and a client that sends a Host of its own choice. */
const proxied = {
  'x-forwarded-proto': 'http',
  'x-forwarded-host': 'evil.example:80',
  'x-forwarded-for': '203.0.113.9',
}

/** 100 items, two parts of each, and a view of both, which the schema map gives a key. */
const createShop = (directory: string): void => {
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(join(directory, 'shop.db'))
  database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE Item (id INTEGER PRIMARY KEY, name VARCHAR(50), note VARCHAR(50), amount DOUBLE, at TIMESTAMP);
    CREATE TABLE Part (id INTEGER PRIMARY KEY, item_id INTEGER REFERENCES Item, name VARCHAR(50));
    CREATE VIEW ItemPart AS
      SELECT Part.id AS id, Item.name AS item, Part.name AS part FROM Part JOIN Item ON Item.id = Part.item_id;
    INSERT INTO Item WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
      SELECT i, 'item ' || i, iif(i % 2, 'Anna''s & Søn/100%', NULL), i * 1.5, '2024-01-01 12:00:00' FROM n;
    INSERT INTO Part SELECT id * 2, id, 'left of ' || id FROM Item UNION ALL SELECT id * 2 + 1, id, 'right of ' || id FROM Item`)
  database.close()
}

const schemaMap = {
  odata_mapping_v3: {
    schemas: [
      {
        tables: {
          Item: { searchMode: 'substring', columns: { name: { searchable: true } } },
          Part: {},
          ItemPart: { columns: { id: { primaryKeyComponent: 1 } } },
        },
      },
    ],
  },
}

export type ODataClient = {
  readonly app: TestApp
  /** Where this process finds the data source. */
  readonly own: string
  /** Asks for a path below the data source, or for a link that an answer had. */
  readonly ask: (url: string, headers: ClientHeaders) => Promise<ClientAnswer>
  /** The lines of a header of an answer, as they were sent. */
  readonly linesOf: (
    url: string,
    name: string,
    headers: ClientHeaders,
  ) => Promise<readonly string[]>
  /** Follows the links to the end; each must be one of the public address. */
  readonly walk: (
    url: string,
    headers: ClientHeaders,
  ) => Promise<{ readonly rows: readonly unknown[]; readonly links: readonly string[] }>
}

export const jsonOf = ({ text }: ClientAnswer) => JSON.parse(text) as Record<string, unknown>

/** Starts the server with the data source `shop` of the user demo, whose password `ask` and `walk` send. */
export const startODataClient = async (): Promise<ODataClient> => {
  const started = await startApp({
    sources: false,
    env: { HEADGATE_PUBLIC_URL: publicUrl, HEADGATE_TRUST_PROXY: '127.0.0.1,::1' },
  })
  const app = { ...started, url: `http://localhost:${started.port}` }
  createShop(join(app.dataDir, 'files', '1'))
  const options = { Database: 'shop.db', ODataSchemaMap: JSON.stringify(schemaMap) }
  const made = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: { name: 'shop', dataStore: 5001, connectionType: 'Cloud', options },
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const own = `${app.url}/api/odata4/shop`

  const ask: ODataClient['ask'] = async (url, headers) => {
    const local = own + (url.startsWith(publicRoot) ? url.slice(publicRoot.length) : url)
    const response = await fetch(local, {
      headers: { ...basicOf(people.user), ...proxied, ...headers },
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  const linesOf: ODataClient['linesOf'] = (url, name, headers) =>
    new Promise((resolve, reject) => {
      get(own + url, { headers: { ...headers } }, (response) => {
        response.resume()
        const { rawHeaders } = response
        resolve(
          rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name),
        )
      }).on('error', reject)
    })

  const walk: ODataClient['walk'] = async (url, headers) => {
    const rows: unknown[] = []
    const links: string[] = []
    for (let next: string | undefined = url; next !== undefined; ) {
      const answer = await ask(next, headers)
      assert.equal(answer.status, 200, answer.text)
      const page = jsonOf(answer)
      rows.push(...(page['value'] as unknown[]))
      next = page['@odata.nextLink'] as string | undefined
      // OData/WebApi#1559, #869, #1981, #1315, Azure/data-api-builder#2677: whatever the proxy or the client say.
      if (next !== undefined) assert.ok(next.startsWith(`${publicRoot}/`), next)
      if (next !== undefined) links.push(next)
    }
    return { rows, links }
  }

  return { app, own, ask, linesOf, walk }
}
