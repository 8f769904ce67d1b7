import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Source } from '#connectors/connector.ts'
import {
  openShop,
  type Shop,
  type ShopAnswer,
  type ShopSettings,
} from '#test/support/odata-service.ts'

const tables = `
  CREATE TABLE Kind (code TEXT PRIMARY KEY, label TEXT);
  CREATE TABLE Item (id INTEGER PRIMARY KEY, name TEXT, price DOUBLE, kind TEXT REFERENCES Kind (code));
  CREATE INDEX Item_kind ON Item (kind, id);
  INSERT INTO Kind VALUES ('a', 'one'), ('b', 'two');
  INSERT INTO Item WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    SELECT i, 'item ' || i, i / 2.0, iif(i % 2, 'a', 'b') FROM n;`

type Parameter = { readonly value?: unknown; readonly type?: string; readonly for: string }
type Statement = {
  readonly place: string
  readonly how: string
  readonly sql: string | null
  readonly withheld?: string
  readonly parameters: readonly Parameter[]
}
type Node = Readonly<Record<string, unknown>>
type Explanation = {
  readonly request: Readonly<Record<string, unknown>>
  readonly page?: Readonly<Record<string, unknown>>
  readonly reads: readonly {
    readonly what: string
    readonly tree: Node
    readonly pushedDown: unknown
    readonly engine: string
    readonly statements: readonly Statement[]
    readonly gateway: Readonly<Record<string, unknown>>
  }[]
}

/** The stages that a node reads. */
const readIn = (node: Node | undefined) => (node?.['read'] ?? []) as readonly Node[]

const explanationOf = (answer: ShopAnswer): Explanation => {
  assert.equal(answer.status, 200, answer.text)
  const body = answer.json()
  assert.deepEqual(Object.keys(body), ['explanation'])
  return body['explanation'] as Explanation
}

/** Rows and counts that were asked for. */
let asked: string[] = []
const watched = (source: Source): Source => ({
  ...source,
  read: (plan, signal) => {
    asked.push('rows')
    return source.read(plan, signal)
  },
  readNow: (plan) => {
    asked.push('now')
    return source.readNow?.(plan)
  },
  count: (plan, signal) => {
    asked.push('count')
    return source.count(plan, signal)
  },
})

let shop: Shop
before(async () => {
  shop = await openShop(tables, { wrap: watched })
})
after(() => shop.close())

const explain = async (url: string, headers: Record<string, string> = {}) =>
  explanationOf(await shop.ask(`${url}${url.includes('?') ? '&' : '?'}$explain=true`, { headers }))

/** An explanation of a shop of its own. */
const explainIn = async (settings: ShopSettings, url: string): Promise<Explanation> => {
  const other = await openShop(tables, settings)
  try {
    return explanationOf(await other.ask(url))
  } finally {
    await other.close()
  }
}

describe('an explanation', () => {
  test('tells the query as understood, the tree, the statement and its parameters, the place and the page', async () => {
    const url = "/Items?$filter=price gt 2 and contains(name,'7')&$select=name&$orderby=price desc"
    const { request, page, reads } = await explain(url)
    assert.deepEqual(request, {
      path: 'Items',
      answers: 'entities',
      options: {
        $filter: "price gt 2 and contains(name,'7')",
        $select: 'name',
        $orderby: 'price desc',
      },
    })
    assert.deepEqual(page, { size: 2000, decidedBy: 'the limit ODataPageSize' })
    const [read, ...more] = reads
    assert.deepEqual(more, [])
    assert.deepEqual(read, {
      what: 'rows',
      tree: {
        read: 'Items',
        as: 't0',
        filter: "(t0.price gt 2) and contains(t0.name,'7')",
        show: ['t0.name', 't0.price', 't0.id'],
        orderBy: ['t0.price desc', 't0.id desc'],
        limit: 2001,
      },
      pushedDown: 'all',
      engine: 'SQLite',
      statements: [
        {
          place: 'reader process',
          how: 'could take any time, so that it runs where it can be ended',
          sql: 'SELECT t0."name", t0."price", t0."id" FROM "Item" AS t0 WHERE ((t0."price" > ?) AND ((instr(t0."name", ?) > 0))) ORDER BY t0."price" DESC, t0."id" DESC LIMIT ?',
          parameters: [
            { value: 2, type: 'Edm.Int64', for: 'query' },
            { value: '7', type: 'Edm.String', for: 'query' },
            { value: 2001, type: 'Edm.Int64', for: 'page' },
          ],
        },
      ],
      gateway: {},
    })
  })
  test('is plain JSON without an ETag, the same at 4.01, and never 304', async () => {
    const url = '/Items?$top=1&$explain=true'
    for (const version of ['4.0', '4.01']) {
      const headers = { 'odata-maxversion': version, 'if-none-match': '*' }
      const answer = await shop.ask(url, { headers })
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.headers, {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
        'OData-Version': version,
      })
      assert.doesNotMatch(answer.text, /@odata|@context|"value":\[/)
    }
    const head = await shop.ask(url, { method: 'HEAD' })
    assert.deepEqual([head.status, head.text], [200, ''])
  })
  test('asks the source for no row and no count, whatever is read', async () => {
    const urls = [
      '/Items',
      '/Items?$top=1&$filter=price gt 2',
      '/Items?$count=true',
      '/Items/$count',
      '/Items/$ref',
      '/Items(1)',
      '/Items(1)/$ref',
      '/Items(1)/name',
      '/Items(1)/name/$value',
      '/Items(1)/Kind',
      '/Items/1',
      '/$entity?$id=Items(1)',
      '/Items?$format=csv',
      "/Kinds('a')/Items?$top=2",
      '/Kinds?$expand=Items($top=1)',
      '/Items?$apply=groupby((kind),aggregate(price with sum as S))',
    ]
    asked = []
    for (const url of urls) assert.ok((await explain(url)).reads.length > 0, url)
    assert.deepEqual(asked, [])
    for (const url of urls) assert.equal((await shop.ask(url)).status, 200, url)
    assert.ok(asked.length >= urls.length)
  })
  test('says where a read runs: in the server by an index or a window of row ids, in a process otherwise', async () => {
    const placesOf = async (url: string) =>
      (await explain(url)).reads.flatMap(({ statements }) => statements.map(({ place }) => place))
    assert.deepEqual(await placesOf('/Items(1)'), ['server'])
    assert.deepEqual(await placesOf('/Items?$top=5'), ['server'])
    assert.deepEqual(await placesOf('/Items?$top=5&$filter=price gt 2'), [
      'server',
      'reader process',
    ])
    assert.deepEqual(await placesOf('/Items?$top=5&$orderby=price'), ['reader process'])
    assert.deepEqual(await placesOf('/Items/$count'), ['reader process'])
    // What was learned of a query by reading holds of its explanation: its window was not filled.
    const rare = '/Items?$top=5&$filter=price lt 0'
    assert.deepEqual(await placesOf(rare), ['server', 'reader process'])
    assert.deepEqual((await shop.ask(rare)).json()['value'], [])
    assert.deepEqual(await placesOf(rare), ['reader process'])
    const [window] = (await explain('/Items?$top=5&$filter=price gt 2')).reads[0]?.statements ?? []
    assert.deepEqual(
      window?.parameters.map(({ for: use }) => use),
      ['query', 'window', 'page'],
    )
  })
  test('has a count and the rows, nested rows with bounds of their own, joins and stages', async () => {
    const { reads } = await explain(
      '/Kinds?$expand=Items($select=name;$count=true)&$count=true&$top=3',
    )
    assert.deepEqual(
      reads.map(({ what }) => what),
      ['count', 'rows'],
    )
    assert.deepEqual(reads[0]?.tree, { read: 'Kinds', as: 't0' })
    const show = reads[1]?.tree['show'] as readonly (
      | string
      | { readonly rows?: Node; readonly count?: Node }
    )[]
    const nested = show.find((shown) => typeof shown !== 'string' && shown.rows !== undefined)
    assert.deepEqual(nested, {
      rows: {
        read: 'Items',
        as: 't1',
        filter: 't1.kind eq t0.code',
        show: ['t1.name', 't1.id'],
        orderBy: ['t1.id'],
        limit: 101,
      },
    })
    assert.ok(show.some((shown) => typeof shown !== 'string' && shown.count !== undefined))
    const joined = await explain("/Items?$filter=Kind/label eq 'one'&$top=1")
    assert.deepEqual(joined.reads[0]?.tree['joins'], [
      { read: 'Kinds', as: 't1', on: 't0.kind eq t1.code', inner: false },
    ])
    const apply = '/Items?$apply=filter(price gt 1)/groupby((kind),aggregate(price with sum as S))'
    const [last] = readIn((await explain(apply)).reads[0]?.tree)
    const [stage] = readIn(last)
    assert.deepEqual(stage, {
      read: 'Items',
      as: 't0',
      filter: 't0.price gt 1',
      groupBy: ['t0.kind'],
      show: ['c0: t0.kind', 'c1: sum(t0.price)'],
    })
    assert.deepEqual((await explain('/Items?$top=0')).reads, [])
  })
  test('goes on from a next link, whose values are told to be the cursor', async () => {
    const link = String(
      (await shop.ask('/Items?$top=5', { headers: { prefer: 'maxpagesize=2' } })).json()[
        '@odata.nextLink'
      ],
    )
    const url = link.slice(link.indexOf('/Items'))
    const { reads, page } = await explain(url, { prefer: 'maxpagesize=2' })
    assert.deepEqual(page, { size: 2, decidedBy: 'the preference maxpagesize' })
    assert.deepEqual(reads[0]?.tree['after'], ['2'])
    const given = reads[0]?.statements[0]?.parameters
    assert.deepEqual(given, [
      { value: 2, type: 'Edm.Int32', for: 'cursor' },
      { value: 3, type: 'Edm.Int64', for: 'page' },
    ])
    const altered = await shop.ask(`${url.replace('$skiptoken=', '$skiptoken=x')}&$explain=true`)
    assert.equal(altered.status, 410)
  })
  test('tells who decides the size of a page', async () => {
    const pageOf = async (settings: ShopSettings) =>
      (await explainIn(settings, '/Items?$explain=true')).page
    assert.deepEqual(await pageOf({ options: { ODataPageSize: '7' } }), {
      size: 7,
      decidedBy: 'the option ODataPageSize of the data source',
    })
    assert.deepEqual(await pageOf({ context: { limits: { rows: 40, pageSize: undefined } } }), {
      size: 2000,
      decidedBy: 'the default',
      mostRows: 40,
    })
  })
  test('tells what a store cannot do and the gateway does, of rows and of counts', async () => {
    const lame = (source: Source): Source => ({
      ...source,
      capabilities: { functions: new Set(), filter: true },
    })
    const url =
      "/Items?$filter=price gt 2 and contains(name,'7')&$top=5&$skip=1&$count=true&$explain=true"
    const { reads } = await explainIn({ wrap: lame }, url)
    assert.deepEqual(
      reads.map(({ gateway }) => gateway),
      [
        { filter: "contains(t0.name,'7')", counts: true },
        { filter: "contains(t0.name,'7')", offset: 1, limit: 5 },
      ],
    )
    for (const { tree, pushedDown, statements } of reads) {
      assert.equal(tree['filter'], "(t0.price gt 2) and contains(t0.name,'7')")
      assert.equal((pushedDown as Node)['filter'], 't0.price gt 2')
      assert.equal((pushedDown as Node)['limit'], undefined)
      assert.doesNotMatch(statements[0]?.sql ?? '', /instr|LIMIT|count/)
    }
  })
})

describe('$explain', () => {
  test('is taken in any case of name and value, with its dollar only; false reads', async () => {
    for (const option of ['$explain=true', '$EXPLAIN=TRUE', '%24explain=True'])
      assert.ok('explanation' in (await shop.ask(`/Items?$top=1&${option}`)).json(), option)
    for (const option of ['$explain=false', 'explain=true', '$Explain=FALSE'])
      assert.ok('value' in (await shop.ask(`/Items?$top=1&${option}`)).json(), option)
  })
  for (const [url, status, message] of [
    ['/Items?$explain=maybe', 400, /\$explain is true or false/],
    ['/Items?$explain=', 400, /\$explain is true or false/],
    ['/Items?$explain=true&$explain=true', 400, /only once/],
    ['/?$explain=true', 400, /\$explain tells how rows are read/],
    ['/$metadata?$explain=true', 400, /\$explain tells how rows are read/],
    ['/Items?$filter=nope eq 1&$explain=true', 400, /no property 'nope'/],
    ['/Nope?$explain=true', 404, /no entity set 'Nope'/],
    ['/Items(1)?$filter=id eq 1&$explain=true', 400, /applies to collections only/],
    ['/Items?$search=x&$explain=true', 501, /\$search/],
    ['/$all?$explain=true', 501, /\$all/],
  ] as const)
    test(`is answered ${status} at ${url}`, async () => {
      const answer = await shop.ask(url)
      assert.equal(answer.status, status, answer.text)
      assert.match(answer.text, message)
      if (/maybe|only|\?\$explain=true$/.test(url)) return
      const read = await shop.ask(url.replace(/&?\$explain=\w*/g, ''))
      if (status !== 400 || url.includes('filter')) assert.equal(read.text, answer.text)
    })
  test('is refused where a long value that an alias repeats would make it huge', async () => {
    const filter = Array.from({ length: 800 }, () => 'name eq @a').join(' or ')
    const url = `/Items?$filter=${filter}&@a='${'x'.repeat(15_000)}'&$explain=true`
    const answer = await shop.ask(url)
    assert.equal(answer.status, 501)
    assert.match(answer.text, /an explanation of more than 1000000 characters/)
  })
})

describe('SQL in an explanation', () => {
  const map = (name: string, alias: string) => ({
    ODataSchemaMap: JSON.stringify({
      odata_mapping_v3: {
        schemas: [{ name: null, tables: { [name]: { columns: { price: { alias } } } } }],
      },
    }),
  })
  const statementIn = async (settings: ShopSettings, url: string) => {
    const explanation = await explainIn(settings, url)
    const statement = explanation.reads[0]?.statements[0]
    assert.ok(statement)
    return { statement, text: JSON.stringify(explanation) }
  }
  const url = '/Items?$filter=amount gt 2&$explain=true'
  test('is withheld from a token where the schema map has other names, which nothing else tells either', async () => {
    const { statement, text } = await statementIn({ options: map('Item', 'amount') }, url)
    assert.equal(statement.sql, null)
    assert.match(statement.withheld ?? '', /ViewDataSource/)
    assert.doesNotMatch(text, /price/)
    assert.match(text, /t0\.amount gt 2/)
    assert.deepEqual(statement.parameters[0], { value: 2, type: 'Edm.Int64', for: 'query' })
  })
  test('is shown to who may see how the data source is set up', async () => {
    const settings = { options: map('Item', 'amount'), context: { seesSetUp: true } }
    assert.match((await statementIn(settings, url)).statement.sql ?? '', /t0\."price" > \?/)
  })
  test('is shown to all who read where the names are those of $metadata, or the query touches no other', async () => {
    const sqlOf = async (options: Record<string, string>, path: string) =>
      (await statementIn({ options }, path)).statement.sql
    const plain = '/Items?$filter=price gt 2&$explain=true'
    assert.match((await sqlOf({}, plain)) ?? '', /"price"/)
    assert.match(
      (await sqlOf(map('Item', 'PRICE'), plain.replace('price', 'PRICE'))) ?? '',
      /"price"/,
    )
    const other = '/Items?$select=name&$explain=true'
    assert.match((await sqlOf(map('Item', 'amount'), other)) ?? '', /"name"/)
  })
})
