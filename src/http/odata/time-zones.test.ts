import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
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
  test('is refused where only its own zone tells two hours apart', async () => {
    await plain.change("INSERT INTO Visit VALUES (9,'2020-10-25T01:30:00Z','second')")
    const [at] = (await values(plain, '/Visits?$filter=id eq 9&timezone=Europe/Berlin')).map(
      (v) => v['at'],
    )
    assert.equal(at, '2020-10-25T02:30:00+01:00')
    const answer = await plain.ask('/Visits?$filter=hour(at) eq 2&timezone=Europe/Berlin')
    assert.equal(answer.status, 501, answer.text)
    assert.match(answer.text, /Europe\/Berlin shows twice.*timezone=GMT/)
    assert.deepEqual(await ids(plain, '$filter=at eq 2020-10-25T01:30:00Z'), [9])
    await plain.change('DELETE FROM Visit WHERE id = 9')
  })
})
