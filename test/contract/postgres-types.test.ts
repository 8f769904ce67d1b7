// Types of PostgreSQL beyond those that every store has.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { serviceOver } from '#test/support/odata-service.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { openAt } from './connectors/postgres.ts'

type Ask = ReturnType<typeof serviceOver>['ask']

let cluster: Cluster
before(async () => {
  cluster = await startCluster()
})
after(() => cluster.stop())

const withService = async (statements: string, use: (ask: Ask) => Promise<void>) => {
  const url = await cluster.createDatabase()
  await cluster.run(statements, url)
  const source = await openAt(url)
  try {
    await use(serviceOver(source).ask)
  } finally {
    await source.close()
    await cluster.dropDatabase(url)
  }
}

const read = async (ask: Ask, url: string): Promise<Record<string, unknown>[]> => {
  const answer = await ask(url)
  assert.equal(answer.status, 200, answer.text)
  return answer.json()['value'] as Record<string, unknown>[]
}

/** Declared type, a value, and how it is served. */
const texts: readonly (readonly [type: string, value: string, served: string])[] = [
  ['inet', '192.168.0.1/24', '192.168.0.1/24'],
  ['inet', '10.0.0.1', '10.0.0.1/32'],
  ['cidr', '10.0.0.0/8', '10.0.0.0/8'],
  ['macaddr', '08:00:2b:01:02:03', '08:00:2b:01:02:03'],
  ['bit(4)', '1010', '1010'],
  ['varbit', '101', '101'],
  ['xml', '<a b="1">ü</a>', '<a b="1">ü</a>'],
  ['tsvector', 'b a', "'a' 'b'"],
  ['int4range', '[1,5)', '[1,5)'],
  ['tstzrange', '[2024-01-01 00:00+01,)', '["2023-12-31 23:00:00+00",)'],
  ['point', '(1,2.5)', '(1,2.5)'],
  ['pair', '(1,"a,b")', '(1,"a,b")'],
  ['mood', 'ok', 'ok'],
  ['money', '1234.5', '$1,234.50'],
  ['name', 'n', 'n'],
  ['oid', '7', '7'],
  ['"char"', 'c', 'c'],
  ['json', '{"b": 1, "a": [2]}', '{"b": 1, "a": [2]}'],
  ['timetz', '07:08:09+02', '07:08:09+02'],
  ['bytea[]', '{"\\\\x00ff"}', '{"\\\\x00ff"}'],
  ['code', 'AB', 'AB'],
]

describe('a type of PostgreSQL that OData has none for', () => {
  const columns = texts.map(([type], i) => `c${i} ${type}`).join(', ')
  const values = texts.map(([, value]) => `'${value.replaceAll("'", "''")}'`).join(', ')
  const setup = `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN code AS varchar(5) CHECK (value <> '');
    CREATE TABLE t (id int PRIMARY KEY, ${columns});
    INSERT INTO t VALUES (1, ${values}); INSERT INTO t (id) VALUES (2);
    CREATE TABLE keyed (net cidr PRIMARY KEY, n int); INSERT INTO keyed VALUES ('10.0.0.0/8', 1), ('9.0.0.0/8', 2);
    CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES t, doc xml, span interval, tags int8[]);
    INSERT INTO child VALUES (1, 1, '<x/>', '-1 day 2 hours', '{9007199254740993,NULL}')`

  test('is served as its text, alone and inside, and compares as that', () =>
    withService(setup, async (ask) => {
      const [full, empty] = await read(ask, '/ts?$orderby=id')
      texts.forEach(([type, , served], i) => {
        assert.equal(full?.[`c${i}`], served, type)
        assert.equal(empty?.[`c${i}`], null, type)
      })
      for (const [i, [type, , served]] of texts.entries()) {
        const literal = encodeURIComponent(`'${served.replaceAll("'", "''")}'`)
        const ids = async (filter: string) =>
          (await read(ask, `/ts?$select=id&$orderby=id&$filter=${filter}`)).map(({ id }) => id)
        assert.deepEqual(await ids(`c${i} eq ${literal}`), [1], type)
        assert.deepEqual(await ids(`c${i} ne ${literal}`), [2], type)
        assert.deepEqual(await ids(`c${i} eq null`), [2], type)
        assert.deepEqual(await ids(`contains(c${i},${literal})`), [1], type)
        const grouped = await read(ask, `/ts?$apply=groupby((c${i}),aggregate($count as N))`)
        assert.deepEqual(new Set(grouped.map((row) => row[`c${i}`])), new Set([served, null]), type)
        const sorted = await read(ask, `/ts?$select=id&$orderby=c${i} desc`)
        assert.deepEqual(
          sorted.map(({ id }) => id),
          [1, 2],
          type,
        )
      }
      const [parent] = await read(ask, '/ts?$filter=id eq 1&$select=id&$expand=childs')
      assert.deepEqual([parent?.['childs']].flat()[0], {
        id: 1,
        parent: 1,
        doc: '<x/>',
        span: '-PT79200S',
        tags: [9007199254740993n, null].map((n) => n && Number(n)),
      })
      assert.equal((await ask("/keyeds('10.0.0.0%2F8')")).json()['n'], 1)
    }))
})

describe('an interval of PostgreSQL', () => {
  const setup = `CREATE TABLE t (id int PRIMARY KEY, span interval);
    INSERT INTO t VALUES (1, '1 day 02:03:04.5'), (2, '-1 day +02:00:00'), (3, '-0.000001 seconds'), (4, '0'), (5, NULL),
      (6, '100000000 days 00:00:00.000001');
    CREATE TABLE bill (id int PRIMARY KEY, span interval); INSERT INTO bill VALUES (7, '1 hour'), (8, '1 month 2 days')`
  test('is an Edm.Duration, to the microsecond', () =>
    withService(setup, async (ask) => {
      const rows = await read(ask, '/ts?$orderby=id')
      assert.deepEqual(
        rows.map(({ span }) => span),
        ['PT93784.5S', '-PT79200S', '-PT0.000001S', 'PT0S', null, 'PT8640000000000.000001S'],
      )
      const metadata = await ask('/$metadata')
      assert.match(metadata.text, /<Property Name="span" Type="Edm.Duration"\/>/)
      assert.match(metadata.text, /NonFilterableProperties"><Collection><PropertyPath>span</)
      assert.equal((await ask('/ts(1)/span/$value')).text, 'PT93784.5S')
      assert.equal((await read(ask, '/ts?$filter=span eq null')).length, 1)
      assert.equal((await read(ask, '/ts?$filter=span ne null')).length, 5)
    }))
  test('stays a duration where it is computed', () =>
    withService(setup, async (ask) => {
      const first = { j: 'PT93784.5S' }
      for (const options of [
        '$compute=span as j',
        '$compute=cast(span,Edm.Duration) as j',
        '$apply=compute(span as j)',
        '$apply=compute(span as j)/filter(id ge 1)/filter(j ne null)',
      ])
        assert.deepEqual(
          (await read(ask, `/ts?${options}&$orderby=id&$select=j`))[0],
          first,
          options,
        )
      assert.equal((await read(ask, '/ts?$filter=isof(span,Edm.Duration)')).length, 5)
      for (const more of ['', '/filter(id ge 1)']) {
        const answer = await ask(`/ts?$apply=compute(span as j)${more}/groupby((j))`)
        assert.equal(answer.status, 501, answer.text)
      }
    }))
  test('of months is refused with its row and column, and the other rows are there', () =>
    withService(setup, async (ask) => {
      const answer = await ask('/bills?$orderby=id')
      assert.equal(answer.status, 500)
      assert.match(answer.text, /'span' holds a value that is not Edm.Duration.*bills\(8\)/)
      assert.equal((await ask('/bills(7)/span')).json()['value'], 'PT3600S')
      const source = await read(ask, '/bills?$select=id')
      assert.equal(source.length, 2)
    }))
  for (const query of [
    "$filter=span gt duration'PT1H'",
    '$orderby=span',
    '$apply=groupby((span))',
    '$apply=aggregate(span with max as M)',
    '$compute=totalseconds(span) as S&$select=S',
  ])
    test(`is refused where it would have to be calculated with: ${query}`, () =>
      withService(setup, async (ask) => {
        const answer = await ask(`/ts?${query}`)
        assert.equal(answer.status, 501, answer.text)
        assert.match(answer.text, /span/)
      }))
})

describe('an array of PostgreSQL', () => {
  const setup = `CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE t (id int PRIMARY KEY, n int[], b int8[] NOT NULL, s varchar(9)[], f bool[], d float8[], x numeric(9,2)[],
      at timestamptz[], loc timestamp[], day date[], g uuid[], m mood[], i interval[], net inet[]);
    INSERT INTO t VALUES (1, '{1,-2,NULL}', '{9223372036854775807}', '{"a,b","","NULL",NULL,"\\"{}é"}', '{t,f}',
      '{0.1,NaN,-Infinity}', '{1.50}', '{"2024-01-01 00:00+01"}', '{"2024-06-01 12:00"}', '{2024-02-29}',
      '{0F8FAD5B-D9CB-469F-A165-70867728950E}', '{ok}', '{"1 day"}', '{10.0.0.1}');
    INSERT INTO t (id, b) VALUES (2, '{}');
    CREATE TABLE deep (id int PRIMARY KEY, n int[]); INSERT INTO deep VALUES (1, '{1}'), (2, '{{1,2},{3,4}}');
    CREATE TABLE u (id int PRIMARY KEY, parent int REFERENCES t); INSERT INTO u VALUES (1, 1)`
  const lists = {
    n: [1, -2, null],
    s: ['a,b', '', 'NULL', null, '"{}é'],
    f: [true, false],
    d: [0.1, 'NaN', '-INF'],
    at: ['2023-12-31T23:00:00Z'],
    loc: ['2024-06-01T12:00:00Z'],
    day: ['2024-02-29'],
    g: ['0f8fad5b-d9cb-469f-a165-70867728950e'],
    m: ['ok'],
    i: ['PT86400S'],
    net: ['10.0.0.1/32'],
  }
  test('is a collection, alone and inside, and empty where it is null', () =>
    withService(setup, async (ask) => {
      const ieee = { headers: { accept: 'application/json;IEEE754Compatible=true' } }
      const answer = await ask('/ts(1)', ieee)
      const { '@odata.context': _context, ...entity } = answer.json()
      assert.deepEqual(entity, { id: 1, ...lists, b: ['9223372036854775807'], x: ['1.50'] })
      const [, second] = await read(ask, '/ts?$orderby=id')
      assert.deepEqual([second?.['n'], second?.['b']], [[], []])
      const inside = await read(ask, '/us?$expand=t($select=s)')
      assert.deepEqual(
        inside.map(({ t }) => t),
        [{ s: lists.s }],
      )
      assert.deepEqual((await ask('/ts(1)/n')).json()['value'], lists.n)
      assert.deepEqual((await ask('/ts(2)/n')).json()['value'], [])
      assert.equal((await ask('/ts(1)/n/$value')).status, 400)
      const zoned = await ask('/ts(1)/loc?timezone=Europe/Berlin')
      assert.deepEqual(zoned.json()['value'], ['2024-06-01T12:00:00+02:00'])
      const full = await ask('/ts(1)?$select=n', {
        headers: { accept: 'application/json;odata.metadata=full' },
      })
      assert.equal(full.json()['n@odata.type'], '#Collection(Int32)')
    }))
  test('is a collection in the metadata, and says that nobody filters by it', () =>
    withService(setup, async (ask) => {
      const xml = (await ask('/$metadata')).text
      assert.match(xml, /<Property Name="n" Type="Collection\(Edm.Int32\)"\/>/)
      assert.match(xml, /<Property Name="b" Type="Collection\(Edm.Int64\)"\/>/)
      assert.match(xml, /<PropertyPath>b</)
      const json = await ask('/$metadata', { headers: { accept: 'application/json' } })
      assert.match(json.text, /"n":\{"\$Collection":true,"\$Type":"Edm.Int32","\$Nullable":true\}/)
    }))
  test('stays what it is through $apply, and is compared with null alone', () =>
    withService(setup, async (ask) => {
      const [row] = await read(
        ask,
        '/ts?$apply=filter(id eq 1)/compute(id add 1 as k)/filter(k eq 2)',
      )
      assert.deepEqual(row?.['n'], lists.n)
      assert.equal((await read(ask, '/ts?$filter=n eq null')).length, 1)
      for (const query of [
        '$filter=n eq n',
        "$filter=contains(s,'a')",
        '$orderby=n',
        '$filter=n/any(e:e eq 1)',
        '$filter=n/$count gt 1',
        '$apply=groupby((n))',
        '$apply=aggregate(n with countdistinct as N)',
      ]) {
        const answer = await ask(`/ts?${query}`)
        assert.ok([400, 501].includes(answer.status), `${query} ${answer.status} ${answer.text}`)
      }
    }))
  test('is compared with null from either side, and in a list', () =>
    withService(setup, async (ask) => {
      const ids = async (filter: string) =>
        (await read(ask, `/ts?$select=id&$orderby=id&$filter=${filter}`)).map(({ id }) => id)
      for (const name of ['n', 's', 'i'])
        for (const zone of ['', '&timezone=Europe/Berlin']) {
          assert.deepEqual(await ids(`null eq ${name}${zone}`), [2])
          assert.deepEqual(await ids(`null ne ${name}${zone}`), [1])
          assert.deepEqual(await ids(`null gt ${name}${zone}`), [])
          assert.deepEqual(await ids(`${name} in (null)${zone}`), [2])
          assert.deepEqual(await ids(`not (${name} in (null,null))${zone}`), [1])
        }
      assert.deepEqual(await ids('loc in (null)&timezone=Europe/Berlin'), [2])
      for (const filter of ["s in (null,'a')", "s in ('a')", "'a' eq s", 'null in (s)']) {
        const answer = await ask(`/ts?$filter=${filter}`)
        assert.equal(answer.status, 501, `${filter} ${answer.text}`)
      }
    }))
  test('stays what it is where it is computed', () =>
    withService(setup, async (ask) => {
      const computed = 'n as q,s as r,loc as l,i as j'
      const values = { q: lists.n, r: lists.s, l: lists.loc, j: lists.i }
      const empty = { q: [], r: [], l: [], j: [] }
      for (const url of [
        `/ts?$orderby=id&$compute=${computed}&$select=q,r,l,j`,
        `/ts?$orderby=id&$apply=compute(${computed})&$select=q,r,l,j`,
        `/ts?$orderby=id&$apply=compute(${computed})/filter(id gt 0 or q eq null)/compute(q as z)&$select=q,r,l,j`,
      ])
        assert.deepEqual(await read(ask, url), [values, empty], url)
      const zoned = '/ts?$compute=loc as l&$select=l&$filter=l ne null&timezone=Europe/Berlin'
      assert.deepEqual(await read(ask, zoned), [{ l: ['2024-06-01T12:00:00+02:00'] }])
      const csv = await ask('/ts?$orderby=id&$compute=n as q&$select=id,q&$format=csv')
      assert.match(csv.text, /^id,q\r\n1,"\[1,-2,null\]"\r\n/)
      const full = await ask('/ts(1)?$compute=n as q&$select=q', {
        headers: { accept: 'application/json;odata.metadata=full' },
      })
      assert.equal(full.json()['q@odata.type'], '#Collection(Int32)')
      for (const query of [
        '$compute=n as q&$orderby=q',
        '$apply=compute(n as q)/groupby((q))',
        '$apply=compute(n as q)/filter(id eq 1)/groupby((q))',
        '$apply=compute(n as q)/filter(id eq 1)/aggregate(q with countdistinct as N)',
        '$apply=orderby(n)/top(1)/filter(id eq 1)',
        '$compute=case(true:n) as q',
        '$compute=cast(s,Edm.String) as q',
        '$compute=cast(n,Edm.Int32) as q',
        '$filter=isof(s,Edm.String)',
        '$filter=isof(n,Edm.String)',
      ]) {
        const answer = await ask(`/ts?${query}`)
        assert.equal(answer.status, 501, `${query} ${answer.text}`)
      }
    }))
  test('of more dimensions is refused with its row', () =>
    withService(setup, async (ask) => {
      const answer = await ask('/deeps?$orderby=id')
      assert.equal(answer.status, 500)
      assert.match(answer.text, /'n' holds a value.*deeps\(2\)/)
    }))
})

describe('a value of PostgreSQL that its type in OData cannot hold', () => {
  const setup = `CREATE TABLE t (id int PRIMARY KEY, at timestamp, z timestamptz, day date, n numeric, x float8);
    INSERT INTO t VALUES (1, 'infinity', NULL, NULL, NULL, NULL), (2, NULL, '-infinity', NULL, NULL, NULL),
      (3, NULL, NULL, 'infinity', NULL, NULL), (4, NULL, NULL, '0044-03-15 BC', NULL, NULL),
      (5, '0044-03-15 12:00 BC', NULL, NULL, NULL, NULL), (6, NULL, NULL, NULL, 'NaN', NULL),
      (7, '10000-01-01 00:00', NULL, NULL, NULL, NULL), (8, NULL, NULL, '10000-01-01', NULL, NULL),
      (9, NULL, NULL, NULL, NULL, 'Infinity')`
  test('is refused with its row and column, and never bent', () =>
    withService(setup, async (ask) => {
      for (const [id, column] of [
        [1, 'at'],
        [2, 'z'],
        [3, 'day'],
        [4, 'day'],
        [5, 'at'],
        [6, 'n'],
        [7, 'at'],
        [8, 'day'],
      ] as const)
        for (const zone of ['GMT', 'Europe/Berlin']) {
          const answer = await ask(`/ts?$filter=id eq ${id}&timezone=${zone}`)
          assert.equal(answer.status, 500, `${id} ${answer.text}`)
          assert.match(answer.text, new RegExp(`'${column}' holds a value.*ts\\(${id}\\)`))
        }
      const [last] = await read(ask, '/ts?$filter=id eq 9')
      assert.equal(last?.['x'], 'INF')
    }))
})
