import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { badRequest } from '#odata/errors.ts'
import { parseHttpRequest } from '#odata/parse/http-request.ts'
import { splitMultipart } from '#odata/parse/multipart.ts'
import { openShop, serviceRoot as root, type Shop } from '#test/support/odata-service.ts'
import type { ODataAnswer } from '../service-answer.ts'
import type { ODataRequest } from '../service.ts'
import { answerBatch, checkBatchType, parseBatch } from './answer.ts'
import { resolveTarget } from './target.ts'

let shop: Shop
before(async () => {
  shop = await openShop(`
    CREATE TABLE Item (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE Part (id INTEGER PRIMARY KEY, item INTEGER REFERENCES Item (id));
    CREATE TABLE Blob (id INTEGER PRIMARY KEY, raw BLOB);
    INSERT INTO Blob VALUES (1, x'00ff0d0a80');
    INSERT INTO Item WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      SELECT i, 'é' || hex(zeroblob(50)) FROM n;
    INSERT INTO Part WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 101)
      SELECT i, 1 FROM n;`)
})
after(() => shop.close())

const place = { publicUrl: 'https://data.example', host: 'inner:8080', name: 'shop' }

type Ran = { readonly text: string; readonly headers: ODataAnswer['headers']; asked: string[] }
type How = {
  readonly type: string
  readonly headers?: ODataRequest['headers']
  readonly authorization?: string
  readonly answer?: (request: ODataRequest) => Promise<ODataAnswer>
  readonly signal?: AbortSignal
}

const run = async (body: string, how: How): Promise<Ran> => {
  const asked: string[] = []
  const { headers, body: pieces } = answerBatch(parseBatch(body, how.type), {
    answer: (request) => {
      asked.push(request.path)
      return (how.answer ?? shop.answer)(request)
    },
    place,
    outer: how.headers ?? {},
    authorization: how.authorization,
    refused: () => undefined,
    signal: how.signal ?? new AbortController().signal,
  })
  let text = ''
  for await (const piece of pieces) text += piece
  return { text, headers, asked }
}

type Answer = {
  readonly status: number
  readonly id: string | undefined
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const answersOf = ({ text, headers }: Ran): readonly Answer[] => {
  const boundary = /boundary=(.+)$/.exec(headers['Content-Type'] ?? '')?.[1] ?? ''
  return splitMultipart(text, boundary, 1000).map((part) => {
    assert.equal(part.headers.get('content-type'), 'application/http')
    assert.equal(part.headers.get('content-transfer-encoding'), 'binary')
    // A status line stands where a request has its own; the rest is the same.
    const [, status] = /^HTTP\/1\.1 (\d+) /.exec(part.body) ?? []
    const inner = parseHttpRequest(part.body.replace(/^.*/, 'GET x HTTP/1.1'))
    const id = part.headers.get('content-id')
    return { status: Number(status), id, headers: inner.headers, body: inner.body }
  })
}

const type = 'multipart/mixed; boundary="b 1"'
const part = (request: string, headers = 'Content-Type: application/http\r\n'): string =>
  `--b 1\r\n${headers}\r\n${request}\r\n`
const batchOf = (...parts: string[]): string => `${parts.join('')}--b 1--\r\n`
const reads = (...targets: string[]): string =>
  batchOf(...targets.map((target) => part(`GET ${target} HTTP/1.1\r\n\r\n`)))

describe('a batch of parts', () => {
  test('is answered part by part, with the ids and lengths of each', async () => {
    const withId = 'content-type: Application/HTTP; msgtype=request\r\nContent-ID: <a@b>\r\n'
    const ran = await run(
      batchOf(
        part('GET Items(1)?$select=id HTTP/1.1\r\nAccept: application/json\r\n\r\n', withId),
        part('GET Items/$count HTTP/1.1\r\n\r\n'),
        part('GET Items(2)?$select=name HTTP/1.1\r\n\r\n'),
      ),
      { type },
    )
    const [one, two, three, ...more] = answersOf(ran)
    assert.deepEqual(more, [])
    assert.equal(one?.status, 200)
    assert.equal(one.id, '<a@b>')
    assert.equal(one.headers.get('odata-version'), '4.0')
    assert.match(one.body, /"id":1}$/)
    assert.equal(two?.id, undefined)
    assert.equal(two?.body, '2000')
    assert.equal(three?.headers.get('content-length'), String(Buffer.byteLength(three?.body ?? '')))
  })
  test('streams a part that is long', async () => {
    const [long, short] = answersOf(await run(reads('Items', 'Items(1)'), { type }))
    assert.equal(long?.headers.get('content-length'), undefined)
    assert.equal((JSON.parse(long?.body ?? '') as { value: unknown[] }).value.length, 2000)
    assert.equal(short?.status, 200)
  })
  test('has bytes as they are, with their number', async () => {
    const { body } = answerBatch(parseBatch(reads('Blobs(1)/raw/$value'), type), {
      answer: shop.answer,
      place,
      outer: {},
      authorization: undefined,
      refused: () => undefined,
      signal: new AbortController().signal,
    })
    const pieces: Buffer[] = []
    for await (const piece of body) pieces.push(Buffer.from(piece))
    const text = Buffer.concat(pieces).toString('latin1')
    assert.match(text, /Content-Type: application\/octet-stream\r\n/)
    assert.match(text, /Content-Length: 5\r\n/)
    assert.ok(text.includes('\r\n\r\n\0\xFF\r\n\x80\r\n--batch_'))
  })

  test('has CSV as it is', async () => {
    const url = 'Items?$format=csv'
    const [answer] = answersOf(await run(reads(url), { type }))
    assert.equal(answer?.headers.get('content-type'), 'text/csv;charset=utf-8;header=present')
    assert.equal(answer.body, (await shop.ask(`/${url}`)).text)
  })

  test('expands, and links to what does not fit, which another batch goes on with', async () => {
    const headers = { 'odata-maxversion': '4.01' }
    const first = reads('Items(1)?$select=id&$expand=Parts($select=id;$count=true)', 'Parts/$count')
    const [one, two] = answersOf(await run(first, { type, headers }))
    const owner = JSON.parse(one?.body ?? '') as Record<string, unknown>
    assert.equal(owner['Parts@count'], 101)
    assert.equal((owner['Parts'] as unknown[]).length, 100)
    assert.equal(two?.body, '101')
    const link = String(owner['Parts@nextLink'])
    const [rest, entity] = answersOf(
      await run(reads(link, 'Parts(101)?$expand=Item($select=id)'), { type }),
    )
    const page = JSON.parse(rest?.body ?? '') as Record<string, unknown>
    assert.deepEqual(page['value'], [{ id: 101 }])
    assert.equal(entity?.headers.get('odata-version'), '4.0')
    assert.match(entity.body, /"Item":\{"id":1\}\}$/)
  })
  test('asks for the next answer only when the last one was taken', async () => {
    const asked: string[] = []
    const { body } = answerBatch(parseBatch(reads('Items(1)', 'Items(2)'), type), {
      answer: (request) => {
        asked.push(request.path)
        return shop.answer(request)
      },
      place,
      outer: {},
      authorization: undefined,
      refused: () => undefined,
      signal: new AbortController().signal,
    })
    const pieces = body[Symbol.asyncIterator]()
    await pieces.next()
    assert.deepEqual(asked, ['/Items(1)'])
    await pieces.next()
    assert.deepEqual(asked, ['/Items(1)', '/Items(2)'])
  })
  test('ends at its first refusal, unless the client prefers to go on', async () => {
    const body = reads('Items(1)', 'Nope', 'Items(2)')
    const statuses = async (prefer?: string) => {
      const ran = await run(body, { type, headers: { prefer } })
      return [ran.headers['Preference-Applied'], ...answersOf(ran).map(({ status }) => status)]
    }
    assert.deepEqual(await statuses(), [undefined, 200, 404])
    assert.deepEqual(await statuses('continue-on-error=false'), [undefined, 200, 404])
    assert.deepEqual(await statuses('odata.continue-on-error'), [
      'odata.continue-on-error',
      200,
      404,
      200,
    ])
  })
  test('takes the version from the batch, formats and conditions from each request', async () => {
    const plain = await run(reads('Items(1)'), { type, headers: { 'odata-maxversion': '4.01' } })
    assert.equal(plain.headers['OData-Version'], '4.01')
    const [one] = answersOf(plain)
    assert.match(one?.body ?? '', /^{"@context"/)
    const etag = one?.headers.get('etag')
    const [again] = answersOf(
      await run(batchOf(part(`GET Items(1) HTTP/1.1\r\nIf-None-Match: ${etag}\r\n\r\n`)), {
        type,
        headers: { 'odata-maxversion': '4.01', accept: 'text/html' },
      }),
    )
    assert.equal(again?.status, 304)
    assert.equal(again?.body, '')
  })
  for (const [what, broken, status] of [
    [
      'a part of another type',
      part('GET Items HTTP/1.1\r\n\r\n', 'Content-Type: text/plain\r\n'),
      400,
    ],
    ['a part without a type', part('GET Items HTTP/1.1\r\n\r\n', ''), 400],
    [
      'a part in base64',
      part('x', 'Content-Type: application/http\r\nContent-Transfer-Encoding: base64\r\n'),
      400,
    ],
    ['no request', part('Items'), 400],
    ['a blank in a URL', part('GET Items?$filter=id eq 1 HTTP/1.1\r\n\r\n'), 400],
    ['a request that writes', part('DELETE Items(1) HTTP/1.1\r\n\r\n'), 405],
    ['a query in a body', part('POST Items/$query HTTP/1.1\r\n\r\n'), 501],
    ['a batch', part('POST $batch HTTP/1.1\r\n\r\n'), 400],
    ['a reference to another request', part('GET $one/name HTTP/1.1\r\n\r\n'), 501],
    ['a resource that does not exist', part('GET $two HTTP/1.1\r\n\r\n'), 404],
    [
      'a Content-ID with a blank',
      part(
        'GET Items(1) HTTP/1.1\r\n\r\n',
        'Content-Type: application/http\r\nContent-ID: a b\r\n',
      ),
      400,
    ],
    ['credentials', part('GET Items(1) HTTP/1.1\r\nAuthorization: Bearer x\r\n\r\n'), 400],
    ['a range', part('GET Items(1) HTTP/1.1\r\nRange: bytes=0-1\r\n\r\n'), 400],
    ['a version that is none', part('GET Items(1) HTTP/1.1\r\nOData-MaxVersion: x\r\n\r\n'), 400],
    ['a version that is too old', part('GET Items(1) HTTP/1.1\r\nOData-Version: 3.0\r\n\r\n'), 400],
  ] as const)
    test(`answers ${status} in the place of a part that has ${what}`, async () => {
      const first = part(
        'GET Items(1) HTTP/1.1\r\n\r\n',
        'Content-Type: application/http\r\nContent-ID: one\r\n',
      )
      const last = part('GET Items(3) HTTP/1.1\r\n\r\n')
      const ran = await run(batchOf(first, broken, last), {
        type,
        headers: { prefer: 'continue-on-error' },
      })
      const answers = answersOf(ran)
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [200, status, 200],
      )
      const { error } = JSON.parse(answers[1]?.body ?? '') as { error: { message: string } }
      assert.match(error.message, /^[A-Z].*\.$/)
    })
  test('answers 405 in the place of a change set, and 400 where that is broken or reads', async () => {
    const set = (inner: string, boundary = 'c') =>
      part(inner, `Content-Type: multipart/mixed;boundary=${boundary}\r\n`)
    const write =
      '--c\r\nContent-Type: application/http\r\n\r\nPATCH Items(1) HTTP/1.1\r\n\r\n{}\r\n'
    const ran = await run(
      batchOf(
        set(`${write}${write}--c--`),
        set(`${write.replace('PATCH', 'GET')}--c--`),
        set(write),
        set(`${write}--c--`, '"'),
      ),
      { type, headers: { prefer: 'continue-on-error' } },
    )
    const answers = answersOf(ran)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [405, 400, 400, 400],
    )
    assert.deepEqual(ran.asked, [])
  })
  test('breaks where a body breaks, and no half answer looks whole', async () => {
    const body = (async function* () {
      yield 'half'
      throw badRequest('later')
    })()
    const answer = async () => ({ status: 200, headers: {}, body })
    await assert.rejects(run(reads('Items'), { type, answer }), { message: 'later' })
  })
  test('ends when the client has left, and closes what it was sending', async () => {
    const gone = new AbortController()
    let closed = false
    const body = (async function* () {
      try {
        for (;;) yield 'more'
      } finally {
        closed = true
      }
    })()
    const { body: pieces } = answerBatch(parseBatch(reads('Items', 'Items'), type), {
      answer: async () => ({ status: 200, headers: {}, body }),
      place,
      outer: {},
      authorization: undefined,
      refused: () => undefined,
      signal: gone.signal,
    })
    const iterator = pieces[Symbol.asyncIterator]()
    for (let i = 0; i < 3; i++) await iterator.next()
    await iterator.return?.()
    assert.ok(closed)
    gone.abort()
    await assert.rejects(run(reads('Items'), { type, signal: gone.signal }), { name: 'AbortError' })
  })
  test('is refused as a whole when its frame is wrong', () => {
    for (const [body, contentType] of [
      ['', type],
      [reads('Items').slice(0, -8), type],
      [reads('Items'), 'multipart/mixed'],
      [reads('Items'), 'multipart/mixed;boundary=other'],
      [reads(...Array.from({ length: 101 }, () => 'Items(1)')), type],
    ] as const)
      assert.throws(() => parseBatch(body, contentType), { kind: 'bad-request' })
    for (const contentType of [undefined, 'text/plain', 'multipart/form-data;boundary=b'])
      assert.throws(() => checkBatchType(contentType), { kind: 'unsupported-media' })
  })
})

describe('a batch in JSON', () => {
  const json = 'application/json'
  const ask = async (requests: unknown, headers: ODataRequest['headers'] = {}) => {
    const ran = await run(JSON.stringify({ requests }), { type: json, headers })
    return (JSON.parse(ran.text) as { responses: Record<string, unknown>[] }).responses
  }
  test('has JSON as JSON, texts as texts, XML as base64url, and long bodies whole', async () => {
    const responses = await ask([
      { id: '1', method: 'get', url: 'Items(1)?$select=id' },
      { id: '2', method: 'GET', url: `${root}/Items/$count` },
      { id: '3', method: 'GET', url: '/api/odata4/shop/$metadata' },
      {
        id: '4',
        method: 'GET',
        url: 'Items',
        headers: { Accept: 'application/json;odata.metadata=none' },
      },
      { id: '5', method: 'GET', url: 'Blobs(1)/raw/$value' },
    ])
    assert.deepEqual(
      responses.map(({ id, status }) => [id, status]),
      [
        ['1', 200],
        ['2', 200],
        ['3', 200],
        ['4', 200],
        ['5', 200],
      ],
    )
    const [one, two, three, four, five] = responses.map(({ body }) => body)
    assert.equal((one as { id: number }).id, 1)
    assert.equal(two, '2000')
    assert.match(Buffer.from(String(three), 'base64url').toString(), /^<\?xml/)
    assert.deepEqual(Object.keys(four as object), ['value'])
    assert.equal(five, 'AP8NCoA')
    const headers = responses[0]?.['headers'] as Record<string, string> | undefined
    assert.equal(headers?.['odata-version'], '4.0')
  })
  test('has long CSV as a text and other long lines as base64url, whole', async () => {
    const [csv, lines] = ['Items?$format=csv', 'Items?$format=ndjson']
    const [text, bytes] = (
      await ask([
        { id: '1', method: 'GET', url: csv },
        { id: '2', method: 'GET', url: lines },
      ])
    ).map(({ body }) => String(body))
    assert.equal(text, (await shop.ask(`/${csv}`)).text)
    assert.equal(
      Buffer.from(bytes ?? '', 'base64url').toString(),
      (await shop.ask(`/${lines}`)).text,
    )
  })

  test('answers 424 to what depends on a failure, 400 to what depends on nothing, 501 to groups and conditions', async () => {
    const read = { method: 'GET', url: 'Items(1)' }
    const responses = await ask(
      [
        { ...read, id: '1', url: 'Nope' },
        { ...read, id: '2', dependsOn: ['1'] },
        { ...read, id: '3', dependsOn: ['2'] },
        { ...read, id: '4', dependsOn: ['5'] },
        { ...read, id: '5', dependsOn: [] },
        { ...read, id: '6', dependsOn: ['5'] },
        { ...read, id: '7', atomicityGroup: 'g' },
        { ...read, id: '8', if: '$5/status eq 200' },
        { id: '9', method: 'GET' },
        { ...read, id: '10', headers: { accept: 7 } },
        { ...read, id: '11', headers: { Authorization: 'Bearer x' } },
        { ...read, id: '12', method: 'PATCH', body: {} },
        { ...read, id: '13', url: '$5/name' },
      ],
      { prefer: 'continue-on-error' },
    )
    assert.deepEqual(
      responses.map(({ status }) => status),
      [404, 424, 424, 400, 200, 200, 501, 501, 400, 400, 400, 405, 501],
    )
  })
  test('ends at its first refusal, and may be empty', async () => {
    const read = { method: 'GET', url: 'Nope' }
    assert.equal(
      (
        await ask([
          { ...read, id: '1' },
          { ...read, id: '2' },
        ])
      ).length,
      1,
    )
    assert.deepEqual(await ask([]), [])
  })
  test('is refused as a whole when it is none', () => {
    const read = { method: 'GET', url: 'Items' }
    for (const text of [
      '',
      '[]',
      '{}',
      '{"requests":{}}',
      '{"requests":[1]}',
      '{"requests":[],"requests":[]}',
      ...[
        [read],
        [{ ...read, id: 1 }],
        [{ ...read, id: 'a b' }],
        [
          { ...read, id: '1' },
          { ...read, id: '1' },
        ],
        Array.from({ length: 101 }, (_, i) => ({ ...read, id: String(i) })),
      ].map((requests) => JSON.stringify({ requests })),
    ])
      assert.throws(() => parseBatch(text, json), { kind: 'bad-request' }, text.slice(0, 60))
  })
})

describe('the URL of a request in a batch', () => {
  for (const target of [
    'Items?$top=1',
    '/api/odata4/shop/Items?$top=1',
    '/api/odata4/SHOP/Items?$top=1',
    '/api/odata4/s%68op/Items?$top=1',
    `${root}/Items?$top=1`,
    'HTTPS://DATA.EXAMPLE/api/odata4/shop/Items?$top=1',
    'http://inner:8080/api/odata4/shop/Items?$top=1',
  ])
    test(`may be ${target}`, () =>
      assert.deepEqual(resolveTarget(target, place), { path: '/Items', query: '$top=1' }))
  for (const target of [
    '/api/odata4/other/Items',
    '/api/odata4/shop2/Items',
    '/api/odata4/shop%00/Items',
    '/api/odata4/%ff/Items',
    '/api/odata4/',
    '/api/odata4/other/../shop/Items',
    '/api/mgmt/datasources',
    '/Items',
    '//data.example/api/odata4/shop/Items',
    'https://evil.example/api/odata4/shop/Items',
    'https://data.example.evil.example/api/odata4/shop/Items',
    'https://user@data.example/api/odata4/shop/Items',
    'https://data.example/Items',
    'Items#x',
  ])
    test(`T71: is refused when it is ${target}`, () =>
      assert.throws(() => resolveTarget(target, place), { kind: 'bad-request' }))
  for (const target of ['../other/Items', '/api/odata4/shop/../other/Items', '%2e%2e/other/Items'])
    test(`T71: leads nowhere else when it is ${target}`, async () => {
      const [answer] = answersOf(await run(reads(target), { type }))
      assert.ok(answer && answer.status >= 400 && answer.status < 500)
    })
})

test('a batch is read in the time zone of its header, and a request of it in its own', async () => {
  const dated = await openShop(`
    CREATE TABLE Item (id INTEGER PRIMARY KEY, at TIMESTAMP);
    INSERT INTO Item VALUES (1, '2020-06-01 12:00:00')`)
  const type = 'application/json'
  const request = (id: string, more: object = {}) => ({
    id,
    method: 'get',
    url: 'Items(1)/at',
    ...more,
  })
  const requests = [
    request('a'),
    request('b', { headers: { 'ddcloud-timezone': 'Asia/Kolkata' } }),
    request('c', { url: 'Items(1)/at?timezone=Etc/GMT%2B5' }),
    request('d', { headers: { 'ddcloud-timezone': 'Asia/Kolkatta' } }),
  ]
  const ran = await run(JSON.stringify({ requests }), {
    type,
    headers: { 'ddcloud-timezone': 'Europe/Berlin', prefer: 'continue-on-error' },
    answer: dated.answer,
  })
  await dated.close()
  const { responses } = JSON.parse(ran.text) as {
    responses: { status: number; body: { value?: string } }[]
  }
  assert.deepEqual(
    responses.map(({ status, body }) => (status === 200 ? body.value?.slice(19) : status)),
    ['+02:00', '+05:30', '-05:00', 400],
  )
})
