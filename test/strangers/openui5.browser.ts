import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, extname, join, normalize } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, beforeEach, test } from 'node:test'
import type { Browser, Page, Response } from 'playwright-core'
import { createSource, startApp, type TestApp } from '#test/support/app.ts'
import { launchBrowser } from '#test/support/browser.ts'
import { getTokens, register } from '#test/support/oauth.ts'
import { partsOf } from '#test/support/odata-batch.ts'

// OpenUI5's OData V4 model on a page of another origin, which reads with the token of a public application.

const resources = join(
  dirname(createRequire(import.meta.url).resolve('@openui5/sap.ui.core/package.json')),
  'src',
)
const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.properties': 'text/plain; charset=utf-8',
}

/** The page, its script, and the runtime of OpenUI5 as it is in its package. */
const fileOf = (path: string): string | undefined => {
  if (path === '/') return join(import.meta.dirname, 'openui5', 'index.html')
  if (path === '/app.js') return join(import.meta.dirname, 'openui5', 'app.js')
  if (!path.startsWith('/resources/')) return undefined
  return join(resources, normalize(path.slice('/resources'.length)))
}

const startSite = async (): Promise<Server> => {
  const site = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = fileOf(pathname)
    const type = types[extname(file ?? '')] ?? 'application/octet-stream'
    // Both are made for the distribution; the package has the sources of styles alone.
    if (pathname.endsWith('/library.css')) response.writeHead(200, { 'content-type': type }).end()
    else if (pathname.endsWith('/sap-ui-version.json'))
      response.writeHead(200, { 'content-type': type }).end('{"version":"0","libraries":[]}')
    else if (file === undefined || !existsSync(file)) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': type }).end(readFileSync(file))
  })
  await new Promise<void>((resolve) => void site.listen(0, '127.0.0.1', resolve))
  return site
}

const createFile = (directory: string): void => {
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(join(directory, 'sales.db'))
  database.exec(`
    CREATE TABLE City (id INTEGER PRIMARY KEY, country VARCHAR(40));
    CREATE TABLE Customer (id INTEGER PRIMARY KEY, name VARCHAR(40), home_id INTEGER REFERENCES City, since DATE);
    CREATE TABLE Invoice (id BIGINT PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES Customer, total DECIMAL(15,2));
    INSERT INTO City VALUES (1, 'Norway'), (2, 'Chile');
    INSERT INTO Customer VALUES (1, 'Anna''s & Søn', 1, '2001-02-03'), (2, 'Bert', 2, NULL);
    INSERT INTO Invoice WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
      SELECT 9007199254740992 + i, 1 + i % 2, i * 100.25 FROM n`)
  database.close()
}

let site: Server
let app: TestApp
let browser: Browser
let page: Page
/** What the server answered, and what the browser's console has of errors, since the test began. */
let answers: Response[]
let complaints: string[]

before(async () => {
  site = await startSite()
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  app = await startApp({ sources: false })
  createFile(join(app.dataDir, 'files', '1'))
  await createSource(app, 'sales')
  const client = await register(app, {
    clientType: 'public',
    redirectUrls: [`${origin}/callback`],
  })
  const { access_token: token } = await getTokens(app, client)
  browser = await launchBrowser()
  page = await browser.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('response', (response) => {
    if (response.url().startsWith(app.url)) answers.push(response)
  })
  answers = []
  complaints = []
  await page.goto(origin)
  await page.waitForFunction('window.page !== undefined')
  const service = `${app.url}/api/odata4/sales/`
  await page.evaluate(`page.open('${service}', 'Bearer ${token}')`)
})
after(async () => {
  await browser?.close()
  site.closeAllConnections()
  site.close()
  await app?.close()
})

beforeEach(() => {
  answers = []
  complaints = []
})

/** Plays a step, and waits until so many lines are shown; answers them. */
const shown = async (step: string, where: string, lines: number): Promise<readonly string[]> => {
  await page.evaluate(step)
  await page.waitForFunction(`document.querySelectorAll('${where} p').length === ${lines}`)
  return page.locator(`${where} p`).allTextContents()
}

/** What was asked by batches, decoded, each after the status of its answer. */
const readsInBatches = async (): Promise<readonly string[]> => {
  const found: string[] = []
  for (const answer of answers) {
    if (!answer.url().endsWith('/$batch')) continue
    const asked = (answer.request().postData() ?? '').matchAll(/^GET (\S+) HTTP/gm)
    const parts = partsOf((await answer.headerValue('content-type')) ?? '', await answer.text())
    for (const [i, [, url = '']] of [...asked].entries())
      found.push(`${parts[i]?.status} ${decodeURIComponent(url)}`)
  }
  return found
}

const row = (i: number): string =>
  `${(9007199254740992n + BigInt(i)).toLocaleString('en')}: ${i % 2 === 0 ? "Anna's & Søn" : 'Bert'}, ` +
  (i * 100.25).toLocaleString('en', { minimumFractionDigits: 2 })
const rowsTo = (last: number): readonly string[] =>
  Array.from({ length: last }, (_, i) => row(i + 1))
const select = '$select=id,total&$expand=Customer($select=id,name)'

test('the model is read once, and a list with what it expands by one batch; large numbers are exact', async () => {
  assert.deepEqual(await shown('page.showList()', '#list', 20), rowsTo(20))
  assert.deepEqual(await page.locator('#count p').allTextContents(), ['50'])
  assert.deepEqual(
    answers.map((answer) => [
      answer.request().method(),
      new URL(answer.url()).pathname,
      answer.status(),
    ]),
    [
      ['GET', '/api/odata4/sales/$metadata', 200],
      ['POST', '/api/odata4/sales/$batch', 200],
    ],
  )
  assert.deepEqual(await readsInBatches(), [`200 Invoices?$count=true&${select}&$skip=0&$top=20`])
  assert.deepEqual(complaints, [])
})

test('the list grows to its end, with every row once', async () => {
  assert.deepEqual(await shown('page.grow()', '#list', 40), rowsTo(40))
  assert.deepEqual(await shown('page.grow()', '#list', 50), rowsTo(50))
  assert.deepEqual(await readsInBatches(), [
    `200 Invoices?$count=true&${select}&$skip=20&$top=20`,
    `200 Invoices?$count=true&${select}&$skip=40&$top=10`,
  ])
  assert.deepEqual(complaints, [])
})

test('filters and an order become those of the service, over what is expanded as well', async () => {
  const filters = [
    { path: 'Customer/name', operator: 'EQ', value1: "Anna's & Søn" },
    { path: 'Customer/City/country', operator: 'Contains', value1: 'way' },
    { path: 'total', operator: 'GT', value1: '4000' },
  ]
  const how = JSON.stringify({ filters, sorters: [['total', true]] })
  const lines = await shown(`page.showList(${how})`, '#list', 6)
  assert.deepEqual(lines, [50, 48, 46, 44, 42, 40].map(row))
  assert.deepEqual(await page.locator('#count p').allTextContents(), ['6'])
  assert.deepEqual(await readsInBatches(), [
    '200 Invoices?$count=true&$orderby=total desc&$filter=' +
      "Customer/name eq 'Anna''s & Søn' and contains(Customer/City/country,'way') and total gt 4000" +
      `&${select}&$skip=0&$top=20`,
  ])
  assert.deepEqual(complaints, [])
})

test('an entity is bound by its key, and what belongs to it by a request of its own', async () => {
  const [head, ...invoices] = await shown("page.showDetail('/Customers(1)')", '#detail', 21)
  assert.equal(head, "Anna's & Søn, Norway, since Feb 3, 2001")
  assert.deepEqual(
    invoices,
    Array.from({ length: 20 }, (_, i) => row(50 - 2 * i).split(':')[0]),
  )
  assert.deepEqual((await readsInBatches()).toSorted(), [
    '200 Customers(1)/Invoices?$orderby=id desc&$select=id&$skip=0&$top=20',
    '200 Customers(1)?$select=id,name,since&$expand=City($select=country,id)',
  ])
  assert.deepEqual(complaints, [])
})

test('an entity that is not there is refused in its part, and the page is told so', async () => {
  const told = page.waitForEvent('console', (message) =>
    message.text().includes("There is no entity with this key in 'Customers'"),
  )
  await page.evaluate("page.showDetail('/Customers(99)')")
  assert.equal((await told).type(), 'error')
  assert.equal(
    (await readsInBatches())[0],
    '404 Customers(99)?$select=id,name,since&$expand=City($select=country,id)',
  )
})
