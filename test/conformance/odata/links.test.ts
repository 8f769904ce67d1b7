// What this server writes is judged by the grammar that requests are read with: the URLs in its answers.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { basicOf, createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import { createOracle, type Oracle } from './abnf/oracle.ts'
import { missing, readPublished } from './oasis.ts'

const tables = `
  CREATE TABLE City (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE Item (id INTEGER PRIMARY KEY, name VARCHAR(20), price DECIMAL(10,2), city INTEGER REFERENCES City (id));
  CREATE TABLE Pair (a INTEGER, b TEXT, sold TIMESTAMP, PRIMARY KEY (a, b)) WITHOUT ROWID;
  INSERT INTO City VALUES (1, 'Rome'), (2, 'Oslo');
  INSERT INTO Item WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
    SELECT i, 'item ' || i, i / 4.0, 1 + i % 2 FROM n;
  INSERT INTO Pair VALUES (1, 'x/y', '2001-01-01 00:00:00'), (2, 'o''n & #%?', NULL)`

const requests = [
  '',
  'Items',
  'Items(1)',
  'Items?$select=name',
  'Items?$select=name,price&$filter=id lt 5',
  'Items(1)?$select=name',
  'Items?$count=true&$top=3',
  "Items?$filter=name eq 'item 7' or contains(name,'1')&$orderby=price desc,name",
  'Items?$expand=*',
  'Items?$expand=City($select=name)',
  'Cities?$expand=Items($top=2;$orderby=id desc)',
  'Items(1)/name',
  'Items(1)/City',
  'Cities(1)/Items',
  'Cities(1)/Items?$select=id',
  'Items/$ref',
  'Items(1)/$ref',
  'Pairs',
  "Pairs(a=1,b='x%2Fy')",
  'Pairs?$select=sold',
  'Items?$compute=price mul 2 as double&$select=id,double',
  'Items?$apply=groupby((name),aggregate(price with sum as total))',
  'Items?$apply=aggregate($count as n)',
]

type Links = { readonly contexts: string[]; readonly others: string[] }

/** Every value under a control information that is a URL, however deep. */
const collect = (value: unknown, links: Links): void => {
  if (Array.isArray(value)) for (const item of value) collect(item, links)
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner !== 'string') collect(inner, links)
    else if (/@(?:odata\.)?context$/.test(name)) links.contexts.push(inner)
    else if (
      /@(?:odata\.)?(?:nextLink|id|editLink|readLink|navigationLink|associationLink)$/.test(name)
    )
      links.others.push(inner)
  }
}

describe('the URLs in answers', { skip: missing }, () => {
  let app: TestApp
  let oracle: Oracle
  let root = ''
  const links: Links = { contexts: [], others: [] }
  const statuses = new Map<string, number>()

  before(async () => {
    oracle = createOracle(readPublished().grammar)
    app = await startApp({ sources: false })
    const file = new DatabaseSync(join(app.dataDir, 'files', '1', 'shop.db'))
    file.exec(tables)
    file.close()
    await createSource(app, 'shop')
    root = `${app.url}/api/odata4/shop`
    for (const metadata of ['minimal', 'full'])
      for (const request of requests) {
        const answer = await fetch(`${root}/${request}`, {
          headers: {
            ...basicOf(people.user),
            accept: `application/json;odata.metadata=${metadata}`,
            prefer: 'odata.maxpagesize=20',
          },
        })
        statuses.set(`${request} (${metadata})`, answer.status)
        collect(await answer.json(), links)
      }
  })
  after(() => app.close())

  test('are those of answers, not of refusals', () => {
    const refused = [...statuses].filter(([, status]) => status !== 200 && status !== 501)
    assert.deepEqual(refused, [])
    const offered = [...statuses].filter(([, status]) => status === 200)
    assert.ok(offered.length > 15, `only ${offered.length} were answered`)
  })
  test('have a fragment of the grammar when they tell the context', () => {
    const wrong = links.contexts.filter((url) => {
      const [head, fragment] = url.split('#')
      const isRight = fragment === undefined || oracle.matches('context', `#${fragment}`).ok
      return !isRight || !url.startsWith('http') || !head?.endsWith('/api/odata4/shop/$metadata')
    })
    assert.deepEqual(wrong, [])
    assert.ok(new Set(links.contexts).size > 5, `only ${new Set(links.contexts).size} contexts`)
  })
  test('are URIs that a client may follow', () => {
    const wrong = links.others.filter(
      (url) => !oracle.matches('odataUri', new URL(url, `${root}/`).href).ok,
    )
    assert.deepEqual(wrong, [])
    assert.ok(links.others.length > 0)
  })
})
