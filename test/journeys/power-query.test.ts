import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { basicOf, people } from '#test/support/app.ts'
import { batchOf, sendBatch } from '#test/support/odata-batch.ts'
import {
  jsonOf,
  type ODataClient,
  publicRoot,
  startODataClient,
} from '#test/support/odata-client.ts'

// Power Query (Power BI, Excel's Get Data) as it asks, and what its users have reported about other services.

let client: ODataClient
before(async () => {
  client = await startODataClient()
})
after(() => client.app.close())

const headers = {
  'user-agent': 'Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)',
  accept:
    'application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7',
  'odata-maxversion': '4.0',
}
const ask = async (url: string, more: Record<string, string> = {}) => {
  const answer = await client.ask(url, { ...headers, ...more })
  assert.equal(answer.status, 200, answer.text)
  return answer
}
const read = async (url: string) => jsonOf(await ask(url))
const rowsOf = async (url: string) => (await read(url))['value'] as Record<string, unknown>[]
const metadata = async () => (await ask('/$metadata', { accept: 'application/xml' })).text

test('reads document, model and all pages behind a proxy: every link is one of the public address (OData/WebApi#1559, #869, #1981, #1315, OData/AspNetCoreOData#1257, #876, Azure/data-api-builder#2677)', async () => {
  assert.equal((await read(''))['@odata.context'], `${publicRoot}/$metadata`)
  assert.match(await metadata(), /^<\?xml/)
  const more = { ...headers, prefer: 'odata.maxpagesize=30' }
  const first = jsonOf(await client.ask('/Items', more))
  assert.equal(first['@odata.context'], `${publicRoot}/$metadata#Items`)
  const { rows, links } = await client.walk('/Items', more)
  assert.equal(rows.length, 100)
  assert.equal(links.length, 3)
  const full = { ...headers, accept: 'application/json;odata.metadata=full' }
  const { text } = await client.ask('/Items?$top=1&$expand=Parts', full)
  const linked = [...text.matchAll(/"[^"]*@odata\.(?:\w*[lL]ink|id|context)":"([^"]+)"/g)]
  assert.ok(linked.length > 5)
  for (const [, link = ''] of linked)
    assert.ok(link.startsWith(`${publicRoot}/`) || !link.includes(':'), link)
})

test('pages by an opaque token, which keeps what was asked for, quotes and all (getodk/central-backend#66, OData/WebApi#15, #1644, SAP/olingo-jpa-processor-v4#48)', async () => {
  const query = new URLSearchParams({
    $filter: "note eq 'Anna''s & Søn/100%' and id gt 10",
    $orderby: 'amount desc',
    $select: 'id',
  })
  const url = `/Items?${query.toString().replaceAll('+', '%20')}`
  const { rows, links } = await client.walk(url, { ...headers, prefer: 'odata.maxpagesize=7' })
  assert.deepEqual(
    rows,
    Array.from({ length: 45 }, (_, i) => ({ id: 99 - 2 * i })),
  )
  for (const link of links) {
    assert.match(link, /\$skiptoken=[\w.-]+/)
    assert.doesNotMatch(link, /\$skip=/)
  }
})

test('asks for what belongs to a row once per row, by key and way, and may ask once for all (microsoft/DataConnectors#250)', async () => {
  const expanded = await rowsOf('/Items?$expand=Parts&$top=5')
  for (const { id, Parts: parts } of expanded) {
    assert.deepEqual(await rowsOf(`/Items(${String(id)})/Parts`), parts)
    assert.equal((parts as unknown[]).length, 2)
  }
})

test('does not push filters into what it expands: they can be sent, and a view has both sides (microsoft/DataConnectors#260)', async () => {
  const query = "$select=id&$expand=Parts($select=id;$filter=startswith(name,'left'))&$top=1"
  assert.deepEqual(await rowsOf(`/Items?${query}`), [{ id: 1, Parts: [{ id: 2 }] }])
  const found = await rowsOf("/Items?$filter=Parts/any(p:p/name eq 'left of 7')&$select=id")
  assert.deepEqual(found, [{ id: 7 }])
  const flat = await rowsOf("/ItemParts?$filter=item eq 'item 7' and startswith(part,'left')")
  assert.deepEqual(flat, [{ id: 14, item: 'item 7', part: 'left of 7' }])
})

test('selects the way that it expands, too (microsoft/DataConnectors#233)', async () => {
  const page = await read('/Items?$select=id,Parts&$expand=Parts($select=id)&$top=1')
  assert.deepEqual(page['value'], [{ id: 1, Parts: [{ id: 2 }, { id: 3 }] }])
})

test('asks three times and is answered in full once (microsoft/DataConnectors#369)', async () => {
  const url = '/Items?$top=50'
  const first = await ask(url)
  assert.equal(first.headers.get('cache-control'), 'private, no-cache')
  assert.match(first.headers.get('vary') ?? '', /Authorization/)
  const etag = first.headers.get('etag') ?? ''
  for (let i = 0; i < 2; i++) {
    const again = await client.ask(url, { ...headers, 'if-none-match': etag })
    assert.equal(again.status, 304)
    assert.equal(again.text, '')
  }
  // The kept answer is only good for who may still read it.
  const response = await fetch(client.own + url, { headers: { 'if-none-match': etag } })
  assert.equal(response.status, 401)
  assert.equal(response.headers.get('cache-control'), 'no-store')
})

test('finds nothing in the model that its readers refuse (microsoft/DataConnectors#360, #386, #412, Azure/Azure-DataFactory#321, SAP-samples/data-warehouse-cloud-connectors#10)', async () => {
  const text = await metadata()
  assert.doesNotMatch(text, /<ComplexType/)
  assert.doesNotMatch(text, /EnumMember|AnnotationPath|Path="Collection\(/)
})

test('is not told to ask for many things at once: nothing is answered asynchronously (documented)', async () => {
  assert.match(await metadata(), /Term="[\w.]*AsynchronousRequestsSupported" Bool="false"/)
})

test('gets a projection that the context lists exactly, with what is expanded (OData/AspNetCoreOData#1219)', async () => {
  const page = await read('/Items?$select=id,name&$top=1')
  assert.equal(page['@odata.context'], `${publicRoot}/$metadata#Items(id,name)`)
  const [row] = page['value'] as object[]
  assert.deepEqual(Object.keys(row ?? {}), ['id', 'name'])
  const nested = await read('/Items?$select=id&$expand=Parts($select=id,name)&$top=1')
  assert.equal(nested['@odata.context'], `${publicRoot}/$metadata#Items(id,Parts(id,name))`)
  const whole = await read('/Items?$expand=Parts&$top=1')
  assert.equal(whole['@odata.context'], `${publicRoot}/$metadata#Items(Parts())`)
  assert.equal(((whole['value'] as { Parts: object[] }[])[0]?.Parts ?? []).length, 2)
})

test('gets an offset with every point in time, also where the store has none (microsoft/vscode-powerquery-sdk#281)', async () => {
  assert.match(await metadata(), /<Property Name="at" Type="Edm.DateTimeOffset"/)
  for (const { at } of await rowsOf('/Items')) assert.equal(at, '2024-01-01T12:00:00Z')
})

test('may have the key of an API gateway in its query, which no link repeats (microsoft/DataConnectors#408)', async () => {
  const url = '/Items?subscription-key=canary-of-a-key&$select=id'
  const { text } = await ask(url)
  assert.doesNotMatch(text, /canary/)
  const { rows, links } = await client.walk(url, { ...headers, prefer: 'odata.maxpagesize=40' })
  assert.equal(rows.length, 100)
  assert.doesNotMatch(links.join(), /canary/)
})

test('is told by each 401 how to sign in; nothing in the URL is a credential (MicrosoftDocs/powerbi-docs#2160)', async () => {
  for (const url of ['', '/Items', '/$metadata', '/Items?access_token=x', '/Items?key=x']) {
    const response = await fetch(client.own + url)
    assert.equal(response.status, 401)
    const challenges = response.headers.get('www-authenticate') ?? ''
    assert.match(challenges, /Bearer realm="Headgate"/)
    assert.match(challenges, /Basic realm="Headgate"/)
  }
})

test('gets no link beyond its own $top (microsoft/AL#6858)', async () => {
  const more = { ...headers, prefer: 'maxpagesize=10' }
  assert.equal((await client.walk('/Items?$top=25', more)).rows.length, 25)
  const exact = jsonOf(await client.ask('/Items?$top=10', more))
  assert.ok(!('@odata.nextLink' in exact))
})

test('may wish for answers without nulls, and gets whole ones without a word of it (documented)', async () => {
  for (const prefer of ['odata.omit-values=nulls', 'omit-values=nulls']) {
    const answer = await ask('/Items(2)', { prefer })
    assert.equal(answer.headers.get('preference-applied'), null)
    assert.equal(jsonOf(answer)['note'], null)
  }
})

test('sends URLs of more than 2048 characters as they are, or in a batch (documented)', async () => {
  const ids = Array.from({ length: 100 }, (_, i) => `(id eq ${i + 1} and name eq 'item ${i + 1}')`)
  const url = `/Items?$select=id&$filter=${encodeURIComponent(ids.join(' or '))}`
  assert.ok(url.length > 4096)
  const whole = await rowsOf(url)
  assert.equal(whole.length, 100)
  const target = url.slice(1)
  const { parts } = await sendBatch(`${client.own}/$batch`, batchOf([target]), basicOf(people.user))
  assert.equal(parts[0]?.status, 200)
  assert.deepEqual((JSON.parse(parts[0]?.body ?? '') as { value: unknown }).value, whole)
})
