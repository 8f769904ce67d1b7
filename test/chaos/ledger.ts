import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from './client.ts'
import type { Fleet } from '#test/support/fleet.ts'

/** An application: the number by which its owner names it, and what it proves itself with. */
export type Registered = { readonly number: string; readonly client: Client }

/** What clients of a fleet under fire have heard, and what they saw that must not be. */
export type Ledger = {
  /** Codes whose redemption was acknowledged, with the access token. */
  readonly redeemed: { readonly code: string; readonly accessToken: string }[]
  /** Access tokens of acknowledged refreshes. */
  readonly refreshed: string[]
  /** How often each rotating chain was rotated, as its client counts. */
  readonly rotations: number[]
  /** Applications by name whose registration was acknowledged. */
  readonly registered: Map<string, Registered>
  readonly deleted: Set<string>
  /** Names that were sent, without an answer. */
  readonly unsure: Set<string>
  readonly counts: { unanswered: number; unavailable: number; replays: number; hadHappened: number }
  readonly findings: string[]
}

export const createLedger = (): Ledger => ({
  redeemed: [],
  refreshed: [],
  rotations: [],
  registered: new Map(),
  deleted: new Set(),
  unsure: new Set(),
  counts: { unanswered: 0, unavailable: 0, replays: 0, hadHappened: 0 },
  findings: [],
})

/** A client gives up after so long; the window in which a rotation may be retried is longer. Milliseconds. */
const patience = 25_000

export type Heard<T> = {
  readonly answer: T
  /** How often it was asked before without an answer that says what happened. */
  readonly before: number
}

/**
 * Asks one node after the other, at random, until one says what became of it: 503 and broken connections say nothing. Throws when
 * nobody answers for longer than a client waits.
 */
export const askUntilHeard = async <T extends { readonly status: number }>(
  fleet: Fleet,
  { counts }: Ledger,
  ask: (url: string) => Promise<T>,
): Promise<Heard<T>> => {
  const began = performance.now()
  for (let before = 0; ; before += 1) {
    const node = fleet.nodes[randomInt(fleet.nodes.length)]
    assert.ok(node)
    try {
      const answer = await ask(node.url)
      if (answer.status !== 503) return { answer, before }
      counts.unavailable += 1
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error
      counts.unanswered += 1
    }
    if (performance.now() - began > patience) throw new Error('nobody answered for 25 seconds')
    await sleep(50 + randomInt(150))
  }
}
