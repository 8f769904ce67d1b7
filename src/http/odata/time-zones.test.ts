import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openShop, serviceRoot, type Shop, type ShopRequest } from '#test/support/odata-service.ts'

const statements = `
  CREATE TABLE Visit (id INTEGER PRIMARY KEY, at TIMESTAMP, name TEXT);
  INSERT INTO Visit VALUES (1,'2020-01-15 12:00:00','winter'), (2,'2020-06-01 12:00','summer'),
    (3,'2020-03-29 02:30:00','gap'), (4,'2020-10-25 02:30:00','twice'),
    (5,'2020-06-01T10:00:00Z','named'), (6,'2020-06-01 23:59:59.123456','late'), (7,'2020-06-02','day'), (8,NULL,'none');
  CREATE TABLE Slot (at TIMESTAMP PRIMARY KEY, label TEXT);
  INSERT INTO Slot VALUES ('2020-01-15 12:00:00','w'), ('2020-03-29 02:30:00','g'), ('2020-10-25 02:30:00','t');
  CREATE TABLE Booking (id INTEGER PRIMARY KEY, at TIMESTAMP REFERENCES Slot(at), made TIMESTAMP);
  WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 150)
    INSERT INTO Booking SELECT x, '2020-01-15 12:00:00', '2020-01-15 12:00:00' FROM c`

let time = Date.parse('2020-06-01T12:00:00Z')
const plain = await openShop(statements, { clock: () => time })
const berlin = await openShop(statements, { options: { ODataDefaultTimezone: 'Europe/Berlin' } })
after(async () => {
  await plain.close()
  await berlin.close()
})

type Entity = Record<string, unknown>
const values = async (shop: Shop, url: string, request: ShopRequest = {}): Promise<Entity[]> => {
  const answer = await shop.ask(url, request)
  assert.equal(answer.status, 200, answer.text)
  return answer.json()['value'] as Entity[]
}
const stamps = async (shop: Shop, query: string, request: ShopRequest = {}) =>
  (await values(shop, `/Visits?$select=at&$orderby=id${query}`, request)).map(({ at }) => at)
const ids = async (shop: Shop, query: string): Promise<unknown[]> =>
  (await values(shop, `/Visits?$select=id&$orderby=id&${query}`)).map(({ id }) => id)
const below = (url: unknown): string => String(url).slice(serviceRoot.length)
const newYork = { headers: { 'ddcloud-timezone': 'America/New_York' } }

describe('the time zone of a request', () => {
  test('says which offset stamps without a zone are served with', async () => {
    assert.deepEqual(await stamps(plain, '&timezone=Europe/Berlin'), [
      '2020-01-15T12:00:00+01:00',
      '2020-06-01T12:00:00+02:00',
      '2020-03-29T03:30:00+02:00',
      '2020-10-25T02:30:00+02:00',
      '2020-06-01T12:00:00+02:00',
      '2020-06-01T23:59:59.123456+02:00',
      '2020-06-02T00:00:00+02:00',
      null,
    ])
  })
  test('is GMT when nobody names one, and the values are what they were', async () => {
    const [winter, summer] = await stamps(plain, '')
    assert.deepEqual([winter, summer], ['2020-01-15T12:00:00Z', '2020-06-01T12:00:00Z'])
    assert.deepEqual(await stamps(berlin, '&timezone=UTC'), await stamps(plain, ''))
  })
  test('is that of the option, else of the header, else of the data source', async () => {
    const first = async (query: string, request: ShopRequest = {}) =>
      String((await stamps(berlin, query, request))[0]).slice(19)
    assert.equal(await first('&timezone=%2B05:30', newYork), '+05:30')
    assert.equal(await first('&timezone=+05:30', newYork), '+05:30')
    assert.equal(await first('', newYork), '-05:00')
    assert.equal(await first(''), '+01:00')
  })
  test('is refused with what it may have been when there is no such zone', async () => {
    const answer = await plain.ask('/Visits?timezone=Europe/Berln')
    assert.equal(answer.status, 400)
    assert.match(answer.text, /Did you mean 'Europe\/Berlin'\?.*tz database.*"target":"timezone"/)
    assert.equal((await plain.ask('/Visits', { headers: { 'ddcloud-timezone': 'X' } })).status, 400)
  })
  test('counts in $filter, in functions and in $orderby', async () => {
    const zone = '&timezone=Europe/Berlin'
    assert.deepEqual(await ids(plain, `$filter=at eq 2020-06-01T10:00:00Z${zone}`), [2, 5])
    assert.deepEqual(await ids(plain, `$filter=at eq 2020-03-29T01:30:00Z${zone}`), [3])
    assert.deepEqual(await ids(plain, `$filter=at eq 2020-10-25T01:30:00Z${zone}`), [])
    assert.deepEqual(await ids(plain, `$filter=hour(at) eq 12${zone}`), [1, 2, 5])
    assert.deepEqual(await ids(plain, `$filter=hour(at) eq 12`), [1, 2])
    assert.deepEqual(await ids(plain, `$filter=date(at) eq 2020-06-02${zone}`), [7])
  })
  test('counts in $compute and $apply', async () => {
    const zone = 'timezone=Europe/Berlin'
    const url = `/Visits?$compute=at as T,case(id lt 3:at) as C&$select=T,C&$top=2&$orderby=id&${zone}`
    const [first] = await values(plain, url)
    assert.deepEqual([first?.['T'], first?.['C']], Array(2).fill('2020-01-15T12:00:00+01:00'))
    const grouped = `/Visits?$apply=filter(id lt 3)/groupby((at),aggregate($count as N,at with max as M))&${zone}`
    assert.deepEqual(
      (await values(plain, grouped)).map(({ at, M }) => [at, M]),
      [
        ['2020-01-15T12:00:00+01:00', '2020-01-15T12:00:00+01:00'],
        ['2020-06-01T12:00:00+02:00', '2020-06-01T12:00:00+02:00'],
      ],
    )
  })
  test('counts in keys: every id leads to its entity again', async () => {
    const headers = { accept: 'application/json;odata.metadata=full' }
    const all = await values(plain, '/Slots?timezone=Europe/Berlin', { headers })
    assert.equal(all.length, 3)
    for (const entity of all) {
      const url = below(entity['@odata.id'])
      const again = await plain.ask(`${url}?timezone=Europe/Berlin`)
      assert.equal(again.json()['label'], entity['label'], url)
    }
    const key = '/Slots(2020-01-15T11:00:00Z)?timezone=Europe/Berlin'
    assert.equal((await plain.ask(key)).json()['label'], 'w')
    assert.equal((await plain.ask('/Slots(2020-01-15T11:00:00Z)')).status, 404)
    assert.equal(
      (await plain.ask('/Slots(2020-10-25T01:30:00Z)?timezone=Europe/Berlin')).status,
      404,
    )
  })
  test('counts for one property and its bare value', async () => {
    const zone = '?timezone=Europe/Berlin'
    assert.equal(
      (await plain.ask(`/Visits(2)/at${zone}`)).json()['value'],
      '2020-06-01T12:00:00+02:00',
    )
    assert.equal((await plain.ask(`/Visits(2)/at/$value${zone}`)).text, '2020-06-01T12:00:00+02:00')
    assert.equal((await plain.ask('/Visits(2)/at/$value')).text, '2020-06-01T12:00:00Z')
  })
  test('stays in next links, wherever it was said, and cannot be exchanged there', async () => {
    const page = { headers: { ...newYork.headers, prefer: 'maxpagesize=3' } }
    const seen: unknown[] = []
    let url = '/Visits?$select=id,at&$orderby=at desc'
    let request: ShopRequest = page
    for (let pages = 0; pages < 3; pages++) {
      const answer = await plain.ask(url, request)
      assert.equal(answer.status, 200, answer.text)
      const { value, '@odata.nextLink': next } = answer.json()
      seen.push(...(value as Entity[]).map(({ id }) => id))
      if (typeof next !== 'string') break
      assert.match(next, /[?&]timezone=America\/New_York&/)
      url = below(next)
      const other = url.replace('New_York', 'Chicago')
      assert.equal((await plain.ask(other)).status, 410)
      request = { headers: { prefer: 'maxpagesize=3' } }
    }
    assert.deepEqual(seen, [4, 7, 6, 2, 5, 3, 1, 8])
  })
  test('stays in the links of expanded collections', async () => {
    const [slot] = await values(
      plain,
      "/Slots?$expand=Bookings($select=id,made)&$filter=label eq 'w'&timezone=Europe/Berlin",
    )
    const bookings = slot?.['Bookings'] as Entity[]
    assert.equal(bookings[0]?.['made'], '2020-01-15T12:00:00+01:00')
    const next = below(slot?.['Bookings@odata.nextLink'])
    assert.match(next, /timezone=Europe\/Berlin/)
    const rest = await values(plain, next)
    assert.deepEqual([bookings.length, rest.length], [100, 50])
    assert.equal(rest[0]?.['made'], '2020-01-15T12:00:00+01:00')
  })
  test('is in next links as it was said, in GMT too, whoever asked the same before', async () => {
    const ask = async (headers: Record<string, string>) => {
      const request = { headers: { prefer: 'maxpagesize=1', ...headers } }
      const { '@odata.nextLink': next } = (await plain.ask('/Visits', request)).json()
      return /[?&]timezone=([^&]*)/.exec(String(next))?.[1]
    }
    assert.equal(await ask({}), undefined)
    assert.equal(await ask({ 'ddcloud-timezone': 'utc' }), 'GMT')
    assert.equal(await ask({ 'ddcloud-timezone': 'europe/berlin' }), 'Europe/Berlin')
    assert.equal(await ask({}), undefined)
  })
  test('is a part of the ETag, and of what an answer varies by', async () => {
    const url = '/Visits(1)?$select=name'
    const first = await plain.ask(url)
    const etag = String(first.headers['ETag'])
    const known = { 'if-none-match': etag }
    assert.match(String(first.headers['Vary']), /ddcloud-timezone/)
    assert.equal((await plain.ask(url, { headers: known })).status, 304)
    assert.equal((await plain.ask(url, { headers: { ...newYork.headers, ...known } })).status, 200)
  })
  test('makes now() the moment of the request, each time', async () => {
    const query = "$filter=at gt now() sub duration'PT2H30M'&timezone=Europe/Berlin"
    time = Date.parse('2020-06-01T12:00:00Z')
    assert.deepEqual(await ids(plain, query), [2, 4, 5, 6, 7])
    time = Date.parse('2020-06-01T13:00:00Z')
    assert.deepEqual(await ids(plain, query), [4, 6, 7])
    time = Date.parse('2020-06-01T11:00:00Z')
    assert.deepEqual(await ids(plain, query), [2, 4, 5, 6, 7])
  })
})

describe('a time zone at the ends of the calendar', () => {
  const far = 'P100000000D'
  for (const [filter, found] of [
    [`at ge now() add duration'${far}'`, []],
    [`at lt now() add duration'${far}'`, [1, 2, 3, 4, 5, 6, 7]],
    [`at gt now() sub duration'${far}'`, [1, 2, 3, 4, 5, 6, 7]],
    [`at eq now() sub duration'${far}'`, []],
    [`at lt 0001-01-01T00:00:00Z add duration'P99999999999999D'`, [1, 2, 3, 4, 5, 6, 7]],
    [`at gt 9999-12-31T23:59:59Z add duration'PT1H'`, []],
    [`at le 0001-01-01T00:00:00Z sub duration'PT0.5S'`, []],
    [`not (at lt now() add duration'${far}')`, [8]],
    [`at add duration'${far}' gt now()`, undefined],
  ] as const)
    test(`knows what lies beyond them: ${filter}`, async () => {
      const url = `/Visits?$select=id&$orderby=id&timezone=Europe/Berlin&$filter=${filter}`
      const answer = await plain.ask(encodeURI(url))
      if (found === undefined) return assert.equal(answer.status, 501, answer.text)
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(
        (answer.json()['value'] as Entity[]).map(({ id }) => id),
        found,
      )
    })
})

describe('a stamp of SQLite that names its own zone', () => {
  const zone = '&timezone=Europe/Berlin'
  const twice = `
    CREATE TABLE Act (id INTEGER PRIMARY KEY, placed TIMESTAMP, other TIMESTAMP);
    INSERT INTO Act VALUES (1,'2024-10-27 02:30:00','2024-10-27 02:15:00'), (2,'2024-10-27T01:30:00Z','2024-10-27T01:15:00Z'),
      (3,'2024-10-27T00:30:00Z','2024-10-27 03:30'), (4,'9999-12-31 23:59:59','9999-12-31T23:59:59Z'), (5,NULL,NULL),
      (6,'2024-10-27T02:30:00+01:00','2024-03-31 02:30:00');
    CREATE TABLE Mark (a TIMESTAMP, b INTEGER, act INTEGER REFERENCES Act(id), PRIMARY KEY (a, b));
    INSERT INTO Mark VALUES ('2024-10-27T01:30:00Z',1,1), ('2024-10-27 02:30:00',2,1);
    CREATE TABLE Spelled (id INTEGER PRIMARY KEY, placed TIMESTAMP);
    INSERT INTO Spelled VALUES (1,'2024-01-01 00:00:00'), (2,'2024-01-01T00:00:00'), (3,'2024-01-01'), (4,'2024-01-01T00:00:00Z'),
      (5,'2024-01-01 00:00:00.0004'), (6,'2023-12-31T23:30:00-01:00')`
  let shop: Shop
  before(async () => {
    shop = await openShop(twice)
  })
  after(() => shop.close())
  const bare = (url: string) =>
    values(shop, url, { headers: { accept: 'application/json;odata.metadata=none' } })
  const found = async (query: string) =>
    (await values(shop, `/Acts?$select=id&$orderby=id&${query}`)).map(({ id }) => id)

  test('is met by its instant in the hour that comes twice', async () => {
    for (const [filter, expected] of [
      ['placed eq 2024-10-27T01:30:00Z', [2, 6]],
      ['placed in (2024-10-27T01:30:00Z,2000-01-01T00:00:00Z)', [2, 6]],
      ['placed ne 2024-10-27T01:30:00Z', [1, 3, 4, 5]],
      ['placed eq 2024-10-27T00:30:00Z', [1, 3]],
      ['placed lt 2024-10-27T01:30:00Z', [1, 3]],
      ['placed ge 2024-10-27T01:30:00Z', [2, 4, 6]],
      ['placed gt other', [1, 2, 6]],
      ['placed le other', [3, 4, 5]],
      ['hour(placed) eq 2', [1, 2, 3, 6]],
      ['hour(case(true:placed)) eq 2', [1, 2, 3, 6]],
      ['date(placed) eq 2024-10-27 and time(placed) eq 02:30:00', [1, 2, 3, 6]],
      ['Marks/any(m:m/a eq 2024-10-27T01:30:00Z)', [1]],
    ] as const)
      assert.deepEqual(await found(`$filter=${filter}${zone}`), expected, filter)
    assert.deepEqual(
      await found(`$filter=placed gt 2024-10-27T02:00:00Z&timezone=America/New_York`),
      [1, 4],
    )
    assert.deepEqual(
      await found("$filter=placed add duration'PT1H' eq 2024-10-27T02:30:00Z&timezone=-05:00"),
      [2, 6],
    )
  })
  test('is found by a key, and leads to itself again', async () => {
    const headers = { accept: 'application/json;odata.metadata=full' }
    for (const options of ['?', '?timezone=Europe/Berlin'])
      for (const path of ['/Marks', '/Marks?$orderby=a desc']) {
        const url = path.includes('?') ? `${path}&${options.slice(1)}` : `${path}${options}`
        for (const entity of await values(shop, url, { headers })) {
          const again = await shop.ask(`${below(entity['@odata.id'])}${options}`)
          assert.equal(again.json()['b'], entity['b'], again.text)
        }
      }
    assert.equal(
      (await shop.ask('/Marks(a=2024-10-27T01:30:00Z,b=1)?timezone=Europe/Berlin')).status,
      200,
    )
  })
  test('orders, pages and is expanded by its instant', async () => {
    const order = async (query: string) =>
      (await values(shop, `/Acts?$select=id&${query}`)).map(({ id }) => id)
    assert.deepEqual(await order(`$orderby=placed,id${zone}`), [5, 1, 3, 2, 6, 4])
    assert.deepEqual(await order(`$orderby=other desc,id${zone}`), [4, 3, 2, 1, 6, 5])
    const seen: unknown[] = []
    for (let url = `/Acts?$select=id&$orderby=placed${zone}`; url !== ''; ) {
      const answer = (await shop.ask(url, { headers: { prefer: 'maxpagesize=2' } })).json()
      seen.push(...(answer['value'] as Entity[]).map(({ id }) => id))
      url = answer['@odata.nextLink'] === undefined ? '' : below(answer['@odata.nextLink'])
    }
    assert.deepEqual(seen, [5, 1, 3, 2, 6, 4])
    const [first] = await values(
      shop,
      `/Acts?$expand=Marks($orderby=a desc)&$top=1&$orderby=id${zone}`,
    )
    assert.deepEqual(
      ((first?.['Marks'] ?? []) as Entity[]).map(({ b }) => b),
      [1, 2],
    )
  })
  test('keeps its instant in what is computed, grouped and put together', async () => {
    const apply = (steps: string) => bare(`/Acts?$apply=filter(id ne 4)/${steps}${zone}`)
    const [most] = await apply(
      'aggregate(placed with max as M,other with min as N,placed with countdistinct as D)',
    )
    assert.deepEqual(most, { M: '2024-10-27T02:30:00+01:00', N: '2024-03-31T03:30:00+02:00', D: 2 })
    const groups = [
      { placed: null, n: 1 },
      { placed: '2024-10-27T02:30:00+02:00', n: 2 },
      { placed: '2024-10-27T02:30:00+01:00', n: 2 },
    ]
    assert.deepEqual(await apply('groupby((placed),aggregate($count as n))'), groups)
    assert.deepEqual(
      await apply(
        'compute(placed as p)/groupby((p),aggregate($count as n))/filter(p ne null)&$orderby=p desc',
      ),
      groups
        .slice(1)
        .toReversed()

        .map(({ placed, n }) => ({ p: placed, n })),
    )
    const both = await apply('concat(groupby((placed)),aggregate(placed with max as placed))')
    assert.deepEqual(
      both.map(({ placed }) => placed),
      [...groups.map((g) => g.placed), groups[2]?.placed],
    )
    const cases = await values(
      shop,
      `/Acts?$compute=case(id gt 0:placed) as c&$select=c,placed&$orderby=c${zone}`,
    )
    assert.equal(cases.length, 6)
    for (const { c, placed } of cases) assert.equal(c, placed)
  })
  test('is one group however it is spelled', async () => {
    for (const zone of ['', '&timezone=GMT', '&timezone=%2B00:00'])
      assert.deepEqual(
        await bare(`/Spelleds?$apply=groupby((placed),aggregate($count as n))${zone}`),
        [
          { placed: '2024-01-01T00:00:00Z', n: 5 },
          { placed: '2024-01-01T00:30:00Z', n: 1 },
        ],
      )
    const [most] = await bare(
      '/Spelleds?$apply=aggregate(placed with max as M,placed with countdistinct as D)',
    )
    assert.deepEqual(most, { M: '2024-01-01T00:30:00Z', D: 2 })
  })
})
