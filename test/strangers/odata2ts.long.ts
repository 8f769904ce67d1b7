import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { people, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, register } from '#test/support/oauth.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { demoProgram, typesProgram } from './odata2ts/programs.ts'

// Clients that odata2ts generates from our metadata are compiled by tsc, and read.

const modules = join(import.meta.dirname, '../../node_modules')
const resolve = createRequire(import.meta.url).resolve
const tsc = join(dirname(resolve('typescript/package.json')), 'bin', 'tsc')
const generator = join(dirname(resolve('@odata2ts/odata2ts')), 'run-cli.js')
const run = promisify(execFile)

let cluster: Cluster
let app: TestApp
let directory: string
let authorization: string

before(async () => {
  cluster = await startCluster()
  await cluster.run(`
    CREATE TABLE thing (id uuid PRIMARY KEY, big bigint, price numeric(20,6) NOT NULL, raw bytea, at timestamptz, day date,
      clock time, good boolean, ratio real, "odd name" text, note jsonb);
    CREATE TABLE pair (left_id int, right_name varchar(40), thing_id uuid REFERENCES thing, PRIMARY KEY (left_id, right_name));
    INSERT INTO thing VALUES ('0f8fad5b-d9cb-469f-a165-70867728950e', 9007199254740991, 1.25, '\\x00ff', '2024-01-01T00:00:00Z',
      '2024-02-29', '12:34:56', true, 0.5, 'é', '{"a":1}');
    INSERT INTO pair VALUES (1, 'Søn & Co/1', '0f8fad5b-d9cb-469f-a165-70867728950e')`)
  await cluster.run(
    `CREATE ROLE reader LOGIN PASSWORD 'secret-of-the-reader'; GRANT SELECT ON thing, pair TO reader`,
  )
  app = await startApp({
    sources: false,
    env: { HEADGATE_DEMO: 'true', HEADGATE_DATA_ALLOW: '127.0.0.1' },
  })
  const made = await manage(app, 'POST', '/api/mgmt/datasources', {
    person: people.user,
    body: {
      name: 'types',
      dataStore: 5002,
      connectionType: 'Cloud',
      options: {
        Host: '127.0.0.1',
        Port: String(cluster.port),
        Database: 'postgres',
        User: 'reader',
        Password: 'secret-of-the-reader',
        SSL: 'disable',
      },
    },
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  authorization = `Bearer ${(await getTokens(app, await register(app))).access_token}`
  directory = mkdtempSync(join(tmpdir(), 'headgate-odata2ts-'))
  symlinkSync(modules, join(directory, 'node_modules'))
})
after(async () => {
  rmSync(directory, { recursive: true, force: true })
  await app?.close()
  await cluster?.stop()
})

const rootOf = (source: string): string => `${app.url}/api/odata4/${source}`

const get = async (url: string): Promise<string> => {
  const response = await fetch(url, { headers: { authorization } })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return text
}

/** What a request of ours answers to, written by hand. */
const read = async (path: string): Promise<unknown> => JSON.parse(await get(path))

const hook = join(import.meta.dirname, 'odata2ts', 'typescript-api.cjs')
const compilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  strict: true,
  noUncheckedIndexedAccess: true,
  types: ['node'],
  // The libraries have types that they do not bring along.
  skipLibCheck: true,
  rootDir: '.',
  outDir: 'dist',
}

/** Generates a client for a data source, and compiles a program with it; answers where that is. Throws what tsc says. */
const compile = async (source: string, program: string): Promise<string> => {
  const cwd = mkdtempSync(join(directory, `${source}-`))
  const write = (name: string, text: string) => writeFileSync(join(cwd, name), text)
  write('metadata.xml', await get(`${rootOf(source)}/$metadata`))
  write('program.ts', program)
  write('package.json', '{"type":"commonjs"}')
  write('generate.json', '{"compilerOptions":{"target":"es2021"}}')
  write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['program.ts', 'out'] }))
  const options = [
    '-s',
    'metadata.xml',
    '-o',
    'out',
    '-m',
    'all',
    '-e',
    'ts',
    '-t',
    'generate.json',
  ]
  await run(process.execPath, ['--require', hook, generator, ...options], { cwd })
  await run(process.execPath, [tsc], { cwd }).catch((error: { readonly stdout: string }) => {
    throw new Error(error.stdout)
  })
  return join(cwd, 'dist', 'program.js')
}

/** Runs it; answers what it printed. */
const play = async (source: string, program: string): Promise<Record<string, unknown>> => {
  const compiled = await compile(source, program)
  const { stdout } = await run(process.execPath, [compiled, rootOf(source), authorization])
  return JSON.parse(stdout) as Record<string, unknown>
}

test('a client of the demo data source lists, filters, orders, expands, counts, follows keys and ways', async () => {
  const seen = await play('aviation', demoProgram)
  const root = rootOf('aviation')
  const list = await read(
    `${root}/Flights?$filter=delay gt 60 and origin in ('PDX','SEA')&$select=id,delay,date` +
      '&$expand=Airport_origin($select=name)&$orderby=delay desc,id&$skip=2&$top=5&$count=true',
  )
  assert.deepEqual(seen['list'], list)
  assert.equal((list as { value: unknown[] }).value.length, 5)
  assert.ok(Number(seen['first']) > 60)
  assert.deepEqual(seen['airport'], await read(`${root}/Airports('SEA')`))
  assert.equal(seen['state'], 'WA')
  const near = "Flights?$filter=origin eq 'SEA' and distance lt 300&$select=id&$orderby=id&$top=3"
  assert.deepEqual(seen['flights'], await read(`${root}/${near}`))
  const late = (await read(
    `${root}/Airports?$filter=contains(tolower(name),'national') and Flights_origin/any(f:f/delay gt 100)` +
      '&$select=iata&$orderby=name',
  )) as { value: unknown[] }
  assert.deepEqual(seen['named'], late)
  assert.ok(late.value.length > 5)
})

test('a client of tables of PostgreSQL reads every type, by keys of several parts and of other types', async () => {
  const seen = await play('types', typesProgram)
  const id = '0f8fad5b-d9cb-469f-a165-70867728950e'
  const row = {
    id,
    big: 9007199254740991,
    price: 1.25,
    raw: 'AP8',
    at: '2024-01-01T00:00:00Z',
    day: '2024-02-29',
    clock: '12:34:56',
    good: true,
    ratio: 0.5,
    odd_name: 'é',
    note: '{"a": 1}',
  }
  const context = `${rootOf('types')}/$metadata#`
  assert.deepEqual(seen, {
    id,
    big: row.big,
    all: { '@odata.context': `${context}things`, '@odata.count': 1, value: [row] },
    one: { '@odata.context': `${context}things/$entity`, ...row },
    pair: {
      '@odata.context': `${context}pairs/$entity`,
      left_id: 1,
      right_name: 'Søn & Co/1',
      thing_id: id,
    },
    owner: { '@odata.context': `${context}things(id)/$entity`, id },
  })
})

test('what the metadata does not have does not compile', async () => {
  let wrong = demoProgram
  for (const [from, to] of [
    ['flight.delay.greaterThan(60)', "flight.delay.greaterThan('60')"],
    ["select('iata')", "select('iato')"],
    ['state: string | null', 'state: number | null'],
  ] as const) {
    assert.ok(wrong.includes(from))
    wrong = wrong.replace(from, to)
  }
  const refused = await compile('aviation', wrong).catch(String)
  assert.equal(refused.match(/^(?:Error: )?program\.ts\(/gm)?.length, 3, refused)
})
