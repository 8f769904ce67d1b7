import assert from 'node:assert/strict'
import fc from 'fast-check'
import { sql as raw } from 'kysely'
import { endpoints } from '#features/endpoints.ts'
import type { Endpoint } from '#features/endpoint.ts'
import { createRole } from '#test/support/tenants.ts'
import { rows as readRows } from '../tokens/support.ts'
import type { Column } from './callers.ts'
import { slotsOf, type Swap, swapsFor } from './foreign.ts'
import { rows } from './rows/index.ts'
import { pathOf, send, type Sent } from './send.ts'
import type { Attempt } from './table.ts'
import { addApplication, addDataSource, addOAuthApplication, addOAuthProfile } from './things.ts'
import { type Caller, freshUser, type World } from './world.ts'

/** Who tries: everybody without 12 who is neither of tenant B nor administers it. */
const tries: readonly Column[] = ['sys+', 'sys0', 'sysO', 'kid+', 'kid0', 'kidO', '11', '28']

/** Random things, the same names in A and in B, so that neither ids nor names tell the tenants apart. */
export const fillBoth = async (world: World, seed: number): Promise<void> => {
  const names = fc.sample(fc.stringMatching(/^[a-z]{3,8}$/), { numRuns: 6, seed })
  for (const [index, suffix] of names.entries())
    for (const key of index % 2 === 0 ? (['A', 'B'] as const) : (['B', 'A'] as const)) {
      const { tenantId, canary, plain } = world.estates[key]
      const name = `${suffix}${index}`
      await createRole(world.app, { tenantId, name, permissions: [7] })
      await addDataSource(world.app, plain, { name, text: canary })
      await addApplication(world.app, plain, { name, text: canary })
      const upstream = await addOAuthApplication(world.app, tenantId, { name, text: canary })
      await addOAuthProfile(world.app, plain, upstream, { name, text: canary })
      await freshUser(world, key, { name: `${name}-${canary}` })
    }
}

/** Everything that tenant B has, as text: nobody of another tenant changes a letter of it. */
export const snapshotOf = async ({ app, estates }: World): Promise<string> => {
  const { tenantId } = estates.B
  const users = raw`select id from users where tenant_id = ${tenantId}`
  const read = (statement: ReturnType<typeof raw>) => readRows(app, statement)
  return JSON.stringify([
    await read(raw`select * from tenants where id = ${tenantId}`),
    await read(raw`select * from users where tenant_id = ${tenantId} order by id`),
    await read(raw`select * from roles where tenant_id = ${tenantId} order by id`),
    await read(
      raw`select * from role_permissions where role_id in (select id from roles where tenant_id = ${tenantId}) order by role_id, permission_id`,
    ),
    await read(raw`select * from user_roles where user_id in (${users}) order by user_id, role_id`),
    await read(
      raw`select * from user_permissions where user_id in (${users}) order by user_id, permission_id`,
    ),
    await read(
      raw`select * from tenants_administered where tenant_id = ${tenantId} or user_id in (${users}) order by user_id`,
    ),
    await read(raw`select * from data_sources where tenant_id = ${tenantId} order by id`),
    await read(raw`select * from client_applications where tenant_id = ${tenantId} order by id`),
    await read(raw`select * from oauth_applications where tenant_id = ${tenantId} order by id`),
    await read(raw`select * from oauth_profiles where tenant_id = ${tenantId} order by id`),
    await read(raw`select * from upstream_tokens where tenant_id = ${tenantId} order by id`),
    await read(
      raw`select e.* from upstream_events e join upstream_tokens t on t.id = e.token_id where t.tenant_id = ${tenantId} order by e.id`,
    ),
    await read(raw`select * from consents where user_id in (${users}) order by id`),
    await read(raw`select * from limit_values where tenant_id = ${tenantId} order by limit_id`),
  ])
}

type Draw = {
  readonly column: Column
  readonly row: number
  readonly case: number
  readonly slots: readonly number[]
  readonly values: readonly number[]
}

const drawing: fc.Arbitrary<Draw> = fc.record({
  column: fc.constantFrom(...tries),
  row: fc.nat(99),
  case: fc.nat(99),
  slots: fc.array(fc.nat(99), { minLength: 1, maxLength: 3 }),
  values: fc.array(fc.nat(99), { minLength: 3, maxLength: 3 }),
})

const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length]

type Filled = { readonly attempt: Attempt; readonly swaps: readonly Swap[] }

/** Puts something of tenant B (or nothing's) into the chosen places of an attempt. */
const fillSlots = (
  { estates }: World,
  endpoint: Endpoint<never>,
  drawn: Draw,
  base: Attempt,
  which: keyof Swap,
): Filled => {
  const slots = slotsOf(endpoint, base)
  const chosen = drawn.slots.flatMap((index, at) => {
    const slot = pick(slots, index)
    const swap = slot && pick(swapsFor(estates.B, slot.kind), drawn.values[at] ?? 0)
    return slot && swap ? [{ slot, swap }] : []
  })
  return {
    attempt: chosen.reduce((made, { slot, swap }) => slot.put(made, swap[which]), base),
    swaps: chosen.map(({ swap }) => swap),
  }
}

/** An attempt of one of the tables, made anew. */
const makeBase = async (
  world: World,
  endpoint: Endpoint<never>,
  drawn: Draw,
  caller: Caller,
): Promise<Attempt> => {
  const row = pick(
    rows.filter((r) => r.endpoint === endpoint.name && r.restore === undefined),
    drawn.row,
  )
  // What the tables themselves take from tenant B would be foreign in the twin, too.
  const cases = Object.entries(row?.cases ?? {}).filter(([name]) => !name.includes('B'))
  return (await pick(cases, drawn.case)?.[1](world, caller)) ?? {}
}

const textOf = ({ status, headers, text }: Sent): string => `${status}\n${headers}\n${text}`

/** What an answer says beyond what was sent. */
const withoutSent = (text: string, swaps: readonly Swap[]): string =>
  swaps.reduce((left, { foreign }) => {
    return typeof foreign === 'string' ? left.replaceAll(foreign, '') : left
  }, text)

/** Sends something absent and then something of B; throws when the answers differ or show a byte of B. */
const compare = async (world: World, endpoint: Endpoint<never>, drawn: Draw): Promise<void> => {
  const { app, estates } = world
  const caller = world.callers[drawn.column]
  const base = await makeBase(world, endpoint, drawn, caller)
  const absent = fillSlots(world, endpoint, drawn, base, 'absent')
  const twin = await send(app, endpoint, absent.attempt, caller)
  // A refusal has changed nothing, so the very same can be sent once more; else it is made anew.
  const again = twin.status >= 400 ? base : await makeBase(world, endpoint, drawn, caller)
  const { attempt, swaps } = fillSlots(world, endpoint, drawn, again, 'foreign')
  const answer = await send(app, endpoint, attempt, caller)
  const what = `${drawn.column} sent ${endpoint.method} ${pathOf(endpoint, attempt)} ${JSON.stringify(attempt.body)}`
  const shown = withoutSent(textOf(answer), swaps)
  assert.ok(!shown.includes(estates.B.canary), `${what}: ${shown}`)
  assert.ok(answer.status < 500, `${what}: ${answer.text}`)
  assert.equal(answer.status, twin.status, `${what}: ${answer.text}, not ${twin.text}`)
  if (twin.status < 400) return
  const expected = swaps.reduce(
    (text, swap) => text.replaceAll(String(swap.absent), String(swap.foreign)),
    textOf(twin),
  )
  assert.equal(textOf(answer), expected, what)
}

/** Tries one endpoint across tenants, so many times. */
export const tryAcross = async (world: World, name: string, numRuns: number): Promise<void> => {
  const endpoint = endpoints.find((e) => e.name === name) as Endpoint<never> | undefined
  assert.ok(endpoint)
  await fc.assert(
    fc.asyncProperty(drawing, (drawn) => compare(world, endpoint, drawn)),
    { numRuns },
  )
}
