import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type EndpointDeps, endpoints } from '#features/endpoints.ts'
import type { Endpoint } from '#features/endpoint.ts'
import { meaningful } from '#features/parameters.ts'
import { refusals } from '#features/refusals.ts'
import { startApp } from '#test/support/app.ts'
import { rows } from './rows/index.ts'
import { send, type Sent } from './send.ts'
import { type Attempt, type Cell, cellsOf, type Expected, type Row } from './table.ts'
import { absentId, createWorld, type World } from './world.ts'

// T60: caller × relation × operation × filter, from tables that follow the references and not the code.

let world: World
before(async () => {
  world = await createWorld(await startApp({ sources: false, level: 'info' }))
})
after(() => world.app.close())

const named = new Map<string, Endpoint<EndpointDeps>>(endpoints.map((e) => [e.name, e]))

const codeOf = (text: string): number | undefined => {
  const body = (text === '' ? {} : JSON.parse(text)) as { error?: { code: number | string } }
  return body.error && Number(body.error.code)
}

const describe = ({ status, text }: Sent, seen: string | undefined): string =>
  `${status} ${codeOf(text) ?? ''}`.trim() + (seen === undefined ? '' : ` seeing ${seen || '0'}`)

const describeExpected = (expected: Expected): string =>
  `${expected.status} ${('code' in expected && expected.code) || ''}`.trim() +
  ('sees' in expected ? ` seeing ${expected.sees || '0'}` : '')

/** What was made of a case for those who are refused: it is as it was, and the next of them can try it, too. */
type Made = Map<string, Promise<Attempt>>

const attemptOf = (made: Made, cell: Cell, row: Row): Promise<Attempt> => {
  const make = async () => cell.case(world, world.callers[cell.column])
  const reads = named.get(row.endpoint)?.method === 'GET'
  const stays = (reads || cell.expected.status >= 400) && row.restore === undefined
  if (!stays || cell.case.length > 1) return make()
  const known = made.get(cell.of) ?? make()
  made.set(cell.of, known)
  return known
}

/** Sends what a cell is about; answers what is wrong, or undefined. */
const check = async (row: Row, cell: Cell, made: Made): Promise<string | undefined> => {
  const endpoint = named.get(row.endpoint) as Endpoint<never>
  const caller = world.callers[cell.column]
  const attempt = await attemptOf(made, cell, row)
  const sent = await send(world.app, endpoint, attempt, caller)
  await row.restore?.(world)
  const done = sent.status === endpoint.success
  const seen =
    done && row.sees !== undefined
      ? row.sees(JSON.parse(sent.text), world, caller).join('')
      : undefined
  const got = describe(sent, seen)
  const expected = describeExpected(cell.expected)
  return got === expected
    ? undefined
    : `${cell.of} × ${cell.column}: expected ${expected}, got ${got} ${done ? '' : sent.text}`
}

const checkAll = async (row: Row, cells: readonly Cell[]): Promise<readonly string[]> => {
  const faults: (string | undefined)[] = []
  const made: Made = new Map()
  const width = row.restore === undefined ? 8 : 1
  for (let at = 0; at < cells.length; at += width)
    faults.push(
      ...(await Promise.all(cells.slice(at, at + width).map((cell) => check(row, cell, made)))),
    )
  return faults.filter((fault) => fault !== undefined)
}

test('every endpoint has a table, and every table an endpoint', () => {
  const tabled = new Set(rows.map((row) => row.endpoint))
  assert.deepEqual(
    [...named.keys()].filter((name) => !tabled.has(name)),
    [],
    'these endpoints have no table in test/security/access/rows',
  )
  assert.deepEqual(
    [...tabled].filter((name) => !named.has(name)),
    [],
    'these tables are about no endpoint',
  )
})

for (const row of rows) {
  const about = row.about === undefined ? '' : `, ${row.about}`
  test(`T60: ${row.endpoint}${about}: who may (${row.by})`, async () => {
    const endpoint = named.get(row.endpoint)
    assert.ok(endpoint, 'there is no such endpoint')
    const cells = cellsOf(row, endpoint)
    // Who is disabled never gets as far as the case: below.
    const sent = cells.filter(({ column }) => column !== 'off')
    assert.deepEqual(await checkAll(row, sent), [])
  })
}

test('T60: who is disabled gets nowhere', async () => {
  const off = (row: Row) =>
    cellsOf(row, named.get(row.endpoint) as Endpoint<never>).filter(
      ({ column }) => column === 'off',
    )
  for (const { expected } of rows.flatMap(off)) assert.deepEqual(expected, refusals.badCredentials)
  const firsts = [...new Map(rows.toReversed().map((row) => [row.endpoint, row])).values()]
  // All at once: each such answer alone would cost an Argon2 hash, and what is in flight together costs one.
  const faults = await Promise.all(
    firsts.flatMap((row) =>
      off(row)
        .slice(0, 1)
        .map((cell) => check(row, cell, new Map())),
    ),
  )
  assert.deepEqual(
    faults.filter((fault) => fault !== undefined),
    [],
  )
})

test('T60: a parameter that says for whom or where is refused by every address that does not take it', async () => {
  const faults: string[] = []
  for (const endpoint of endpoints as readonly Endpoint<never>[])
    for (const parameter of meaningful) {
      if (parameter === 'user' ? endpoint.onBehalf : endpoint.query?.[parameter]) continue
      const text = parameter === 'cascade' ? 'true' : '1'
      const attempt = { id: absentId, query: { [parameter.toUpperCase()]: text }, body: {} }
      const withBody = endpoint.body === undefined ? { ...attempt, body: undefined } : attempt
      const sent = await send(world.app, endpoint, withBody, world.callers['12'])
      const wanted = parameter === 'cascade' ? endpoint.invalid.code : refusals.actingForOthers.code
      if (sent.status !== 400 || codeOf(sent.text) !== wanted)
        faults.push(`${endpoint.name} ?${parameter}=: ${sent.status} ${sent.text}`)
    }
  assert.deepEqual(faults, [])
})

test('T60: nobody gets anywhere without credentials', async () => {
  const faults: string[] = []
  for (const endpoint of endpoints as readonly Endpoint<never>[]) {
    const sent = await send(world.app, endpoint, { id: absentId })
    if (sent.status !== 401 || codeOf(sent.text) !== refusals.badCredentials.code)
      faults.push(`${endpoint.name}: ${sent.status} ${sent.text}`)
  }
  assert.deepEqual(faults, [])
})
