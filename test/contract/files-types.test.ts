// Types of files beyond those that every store has.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { serviceOver } from '#test/support/odata-service.ts'
import { createFolder, openFolderWith, runDuckdb } from './connectors/files.ts'

const { filesDirectory, folder, remove } = createFolder()
let ask: ReturnType<typeof serviceOver>['ask']
let end: () => Promise<void>

before(async () => {
  await runDuckdb(
    `COPY (SELECT [1, NULL, 3]::INTEGER[] n, ['a,b', '', NULL] s, [true] f, [0.1::DOUBLE, 'nan', '-inf'] d,
       [9223372036854775807] b, [TIMESTAMP '2024-06-01 12:00:00.5'] t, [DATE '2024-02-29'] AS "day", [1.50::DECIMAL(9,2)] x,
       [TIMESTAMPTZ '2024-06-01 12:00:00.5+02', NULL] zs, [TIMESTAMPTZ '2024-06-01 12:00:00+05:30']::TIMESTAMPTZ[1] z1,
       [TIMESTAMP_NS '2024-06-01 12:00:00.123456789'] ns, [TIMESTAMP '2024-06-01 12:00:00']::TIMESTAMP[1] t1,
       {'a': 1, 'b': [NULL, 'x']} st, MAP {'k': 2} m, [[1], [2]] deep, [{'a': 1}] ls, ['\\x00'::BLOB] lb, [1, 2]::INTEGER[2] fixed,
       INTERVAL '1 day 2 hours 3.5 seconds' i, INTERVAL '90 seconds' j, INTERVAL '1 month' mo, '101'::BIT bt,
       TIMETZ '07:08:09+02' AS tz, 'x'::ENUM ('x', 'y[') e
     UNION ALL BY NAME SELECT NULL::INTEGER[] n) TO '${join(folder, 'type.parquet')}'`,
  )
  const lines = [
    '{"id":1,"tags":["a",null],"ns":[9007199254740993],"o":{"b":1},"mix":[1,0.5]}',
    '{"id":2,"tags":null,"o":{"c":"x"}}',
  ]
  writeFileSync(join(folder, 'line.ndjson'), lines.join('\n'))
  const { pool, open } = openFolderWith(filesDirectory)
  const source = await open()
  ask = serviceOver(source).ask
  end = async () => {
    await source.close()
    await pool.close()
    remove()
  }
})
after(() => end())

const read = async (url: string): Promise<Record<string, unknown>> => {
  const answer = await ask(url, { headers: { accept: 'application/json;IEEE754Compatible=true' } })
  assert.equal(answer.status, 200, answer.text)
  return answer.json()
}

describe('a type of Parquet', () => {
  test('that holds lists is a collection, and one that holds structures its JSON', async () => {
    const { '@odata.context': _context, ...first } = await read(
      '/types(0)?$select=n,s,f,d,b,t,day,x,st,m,deep,ls,fixed',
    )
    assert.deepEqual(first, {
      n: [1, null, 3],
      s: ['a,b', '', null],
      f: [true],
      d: [0.1, 'NaN', '-INF'],
      b: ['9223372036854775807'],
      t: ['2024-06-01T12:00:00.5Z'],
      day: ['2024-02-29'],
      x: ['1.50'],
      st: '{"a":1,"b":[null,"x"]}',
      m: '{"k":2}',
      deep: '[[1],[2]]',
      ls: '[{"a":1}]',
      fixed: [1, 2],
    })
    assert.deepEqual((await read('/types(1)?$select=n,s,st'))['n'], [])
    const none = await read('/types?$select=n&$filter=n eq null')
    assert.deepEqual(none['value'], [{ n: [] }])
  })
  test('that holds lists or an interval stays that where it is computed', async () => {
    const expected = [
      { q: [1, null, 3], r: ['a,b', '', null], v: 'PT93603.5S' },
      { q: [], r: [], v: null },
    ]
    const items = 'n as q,s as r,i as v'
    for (const option of [
      `$compute=${items}`,
      `$apply=compute(${items})`,
      `$apply=compute(${items})/top(2)/filter(q ne null or q eq null)`,
    ])
      assert.deepEqual((await read(`/types?${option}&$select=q,r,v`))['value'], expected, option)
    assert.equal(
      (await ask('/types?$apply=compute(n as q)/filter(q ne null)/groupby((q))')).status,
      501,
    )
  })
  test('that holds stamps with a zone is a collection of instants, in every zone', async () => {
    for (const zone of ['GMT', 'Europe/Berlin']) {
      const { zs, z1 } = await read(`/types(0)?$select=zs,z1&timezone=${zone}`)
      assert.deepEqual([zs, z1], [['2024-06-01T10:00:00.5Z', null], ['2024-06-01T06:30:00Z']])
    }
    assert.deepEqual((await read('/types(1)?$select=zs'))['zs'], [])
  })
  test('that holds stamps without a zone is a collection in that of the request, to the microsecond', async () => {
    for (const [zone, offset] of [
      ['GMT', 'Z'],
      ['Europe/Berlin', '+02:00'],
    ] as const) {
      const url = `$select=t,ns,t1,day,q&$compute=t as q&timezone=${zone}`
      const { '@odata.context': _context, ...row } = await read(`/types(0)?${url}`)
      const t = [`2024-06-01T12:00:00.5${offset}`]
      assert.deepEqual(row, {
        t,
        ns: [`2024-06-01T12:00:00.123456${offset}`],
        t1: [`2024-06-01T12:00:00${offset}`],
        day: ['2024-02-29'],
        q: t,
      })
    }
  })
  test('that is an interval is a duration, and the rest is exact', async () => {
    const { '@odata.context': _context, ...rest } = await read('/types(0)?$select=i,j,bt,tz,e')
    assert.deepEqual(rest, {
      i: 'PT93603.5S',
      j: 'PT90S',
      bt: '101',
      tz: '05:08:09+00',
      e: 'x',
    })
    const months = await ask('/types?$select=mo')
    assert.equal(months.status, 500)
    assert.match(months.text, /'mo' holds a value that is not Edm.Duration.*types\(0\)/)
    assert.equal((await ask("/types?$filter=i gt duration'PT1H'")).status, 501)
    assert.equal(
      (await read("/types?$select=st&$filter=contains(st,'x')&$count=true"))['@odata.count'],
      '1',
    )
  })
  test('that nobody can look into says so in the metadata', async () => {
    const { text } = await ask('/$metadata')
    assert.match(text, /<Property Name="n" Type="Collection\(Edm.Int32\)"\/>/)
    assert.match(text, /<Property Name="i" Type="Edm.Duration"\/>/)
    assert.match(text, /<PropertyPath>i</)
  })
})

test('lists of JSON are collections, structures stay the JSON that they are', async () => {
  const rows = (await read('/lines?$orderby=id'))['value'] as Record<string, unknown>[]
  assert.deepEqual(
    rows.map(({ tags, ns, o, mix }) => [tags, ns, o, mix]),
    [
      [['a', null], ['9007199254740993'], '{"b":1}', '[1,0.5]'],
      [[], [], '{"c":"x"}', null],
    ],
  )
})
