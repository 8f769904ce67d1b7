import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSource, people } from '#test/support/app.ts'
import { type Fleet, type FleetNode, startFleet } from '#test/support/fleet.ts'
import { type Registered, register } from '#test/support/oauth.ts'
import { type Client, redeem, signIn } from './client.ts'
import { createLedger, type Ledger } from './ledger.ts'
import {
  createRegistrar,
  createRotating,
  keepOn,
  type Load,
  redeemCodes,
  refreshKept,
} from './load.ts'
import { checkEverything } from './verdict.ts'

// Must show 3: nodes of a fleet and its PostgreSQL are killed under load, again and again. What any of them acknowledged
// must hold, and what nobody heard of must have happened once at most.

const clientOf = ({ clientId, clientSecret }: Registered): Client => ({
  id: clientId,
  secret: clientSecret,
})

/** How long it takes until something is started again that an operator's supervisor starts again. Milliseconds. */
const longestRestart = 60_000

const startAgain = async (start: () => Promise<void>): Promise<void> => {
  const deadline = performance.now() + longestRestart
  for (;;) {
    try {
      await start()
      return
    } catch (error) {
      // A node does not start while its database is away, nor a database while its last processes are there.
      if (performance.now() > deadline) throw error
      await sleep(200)
    }
  }
}

/** What a node says at this level is a bug of ours, whoever was killed. */
const noteErrors = (node: FleetNode, { findings }: Ledger): void => {
  const crash = node.crash()
  if (crash !== undefined) findings.push(`a node ended by itself with ${crash}`)
  for (const line of node.lines())
    if (line.includes('"level":"error"')) findings.push(`a node logged ${line.slice(0, 600)}`)
}

const startLoad = async (
  load: Load,
  keeping: Client,
  rotating: Client,
): Promise<Promise<void>[]> => {
  const { fleet } = load
  const url = fleet.nodes[0]?.url ?? ''
  const newCode = await signIn(url, keeping)
  const newRotating = await signIn(url, rotating)
  const firstOf = async (client: Client, code: string): Promise<string> =>
    String((await redeem(url, client, code)).body['refresh_token'])
  const work: Promise<void>[] = []
  for (let i = 0; i < 3; i += 1) {
    const kept = await firstOf(keeping, await newCode())
    const rotate = createRotating(load, rotating, await firstOf(rotating, await newRotating()))
    work.push(
      keepOn(load, 'codes', () => redeemCodes(load, keeping, newCode)),
      keepOn(load, 'kept', () => refreshKept(load, keeping, kept)),
      keepOn(load, 'rotating', rotate),
    )
  }
  work.push(keepOn(load, 'registrar', createRegistrar(load)))
  return work
}

const assertNone = ({ findings }: Ledger): void =>
  assert.ok(
    findings.length === 0,
    `${findings.length} findings, the first of them:\n${findings.slice(0, 5).join('\n')}`,
  )

/** Kills what is up, one after the other in random order, and has each started again. */
const killAll = async (
  { fleet, ledger }: Load,
  times: { readonly nodes: number; readonly databases: number },
): Promise<void> => {
  const starting = new Set<Promise<void>>()
  const inBackground = (start: () => Promise<void>): void => {
    const started: Promise<void> = startAgain(start)
      .catch(
        (error: unknown) => void ledger.findings.push(`it did not start again: ${String(error)}`),
      )
      .finally(() => starting.delete(started))
    starting.add(started)
  }
  const left = { ...times }
  while (left.nodes + left.databases > 0 && ledger.findings.length === 0) {
    await sleep(200 + randomInt(600))
    if (randomInt(left.nodes + left.databases) < left.databases) {
      left.databases -= 1
      await fleet.cluster.kill()
      await sleep(randomInt(1500))
      await startAgain(fleet.cluster.start)
      continue
    }
    const up = fleet.nodes.filter((node) => node.isUp())
    const node = up[randomInt(Math.max(1, up.length))]
    // Somebody must be left who could answer.
    if (node === undefined || up.length < 2) continue
    left.nodes -= 1
    noteErrors(node, ledger)
    await node.kill()
    inBackground(node.start)
  }
  await Promise.all(starting)
}

/**
 * Plays the load on a fleet of three while so many nodes and databases are killed; answers one line that says what was seen, and
 * throws with every finding.
 */
export const killFleetUnderLoad = async (times: {
  readonly nodes: number
  readonly databases: number
}): Promise<string> => {
  const fleet: Fleet = await startFleet({ nodes: 3, env: { HEADGATE_DATABASE_POOL: '8' } })
  try {
    await createSource(fleet.at(0), 'one', 'one.db', people.owner)
    const keeping = clientOf(await register(fleet.at(0), { name: 'Keeping' }))
    const rotating = clientOf(
      await register(fleet.at(0), { name: 'Rotating', refreshTokenRotation: true }),
    )
    const ledger = createLedger()
    let over = false
    const load: Load = { fleet, ledger, isOver: () => over }
    const work = await startLoad(load, keeping, rotating)
    await killAll(load, times)
    await sleep(1000)
    over = true
    await Promise.all(work)
    for (const node of fleet.nodes) noteErrors(node, ledger)
    assertNone(ledger)
    await checkEverything(load, keeping, rotating)
    for (const node of fleet.nodes) noteErrors(node, ledger)
    assertNone(ledger)
    const { counts } = ledger
    const rotations = ledger.rotations.reduce((sum, count) => sum + count, 0)
    return `${times.nodes} nodes and ${times.databases} databases killed; held: ${ledger.redeemed.length} redemptions, ${ledger.refreshed.length} refreshes, ${rotations} rotations, ${ledger.registered.size} registrations, ${ledger.deleted.size} deletions; ${counts.unanswered} requests unanswered, ${counts.unavailable} times 503, ${counts.replays} rotations asked again, ${counts.hadHappened} unheard redemptions had happened`
  } finally {
    await fleet.close()
  }
}
