import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { people } from '#test/support/app.ts'
import type { Fleet } from '#test/support/fleet.ts'
import { manage } from '#test/support/oauth.ts'
import { type Client, NoCode, read, redeem, refresh, type TokenAnswer } from './client.ts'
import { askUntilHeard, type Ledger } from './ledger.ts'

// The load of the fleet's chaos test: each function is one client that does its work again and again and judges every
// answer. While something is down, 503 and silence are allowed; nothing else is.

export type Load = {
  readonly fleet: Fleet
  readonly ledger: Ledger
  readonly isOver: () => boolean
}

/** Runs a client until the end; what it throws is a finding. */
export const keepOn = async (
  { ledger, isOver }: Load,
  who: string,
  round: () => Promise<void>,
): Promise<void> => {
  while (!isOver() && ledger.findings.length === 0) {
    try {
      await round()
    } catch (error) {
      ledger.findings.push(`${who}: ${error instanceof Error ? error.message : String(error)}`)
    }
    await sleep(randomInt(60))
  }
}

const said = ({ status, body }: TokenAnswer): string => `${status} ${JSON.stringify(body)}`

const readable = async ({ fleet, ledger }: Load, accessToken: string): Promise<void> => {
  const ask = async (url: string) => ({ status: await read(url, accessToken) })
  const { answer } = await askUntilHeard(fleet, ledger, ask)
  assert.equal(answer.status, 200, 'an acknowledged access token does not read')
}

/** Gets a code and redeems it, now and then twice. */
export const redeemCodes = async (
  load: Load,
  client: Client,
  newCode: (url: string) => Promise<string>,
): Promise<void> => {
  const { fleet, ledger } = load
  const asked = await askUntilHeard(fleet, ledger, async (url) => {
    try {
      return { status: 200, code: await newCode(url) }
    } catch (error) {
      if (error instanceof NoCode && error.status === 503) return { status: 503, code: '' }
      throw error
    }
  })
  const { code } = asked.answer
  const present = (url: string) => redeem(url, client, code)
  const { answer, before } = await askUntilHeard(fleet, ledger, present)
  if (answer.status !== 200) {
    assert.equal(answer.body['error'], 'invalid_grant', said(answer))
    assert.ok(before > 0, 'a fresh code was refused')
    ledger.counts.hadHappened += 1
    return
  }
  const accessToken = String(answer.body['access_token'])
  await readable(load, accessToken)
  if (randomInt(5) > 0) {
    ledger.redeemed.push({ code, accessToken })
    return
  }
  const again = await askUntilHeard(fleet, ledger, present)
  assert.equal(again.answer.body['error'], 'invalid_grant', `redeemed twice: ${said(again.answer)}`)
}

/** A client that keeps its refresh token, as HDP's do. */
export const refreshKept = async (load: Load, client: Client, token: string): Promise<void> => {
  const { answer } = await askUntilHeard(load.fleet, load.ledger, (url) =>
    refresh(url, client, token),
  )
  assert.equal(answer.status, 200, `a refresh chain was lost: ${said(answer)}`)
  assert.equal(answer.body['refresh_token'], token)
  load.ledger.refreshed.push(String(answer.body['access_token']))
}

/**
 * A client whose refresh tokens rotate, and that asks again with the same token when it heard nothing. Whatever happened, one
 * rotation of its own is one rotation in the database.
 */
export const createRotating = (load: Load, client: Client, first: string) => {
  const { fleet, ledger } = load
  const index = ledger.rotations.push(0) - 1
  let token = first
  return async (): Promise<void> => {
    const present = (url: string) => refresh(url, client, token)
    const { answer, before } = await askUntilHeard(fleet, ledger, present)
    assert.equal(answer.status, 200, `a rotating chain was lost: ${said(answer)}`)
    if (before > 0 || randomInt(4) === 0) {
      const again = await askUntilHeard(fleet, ledger, present)
      ledger.counts.replays += 1
      for (const name of ['access_token', 'refresh_token'])
        assert.equal(again.answer.body[name], answer.body[name], `not the same ${name} again`)
    }
    const next = String(answer.body['refresh_token'])
    assert.notEqual(next, token)
    ledger.rotations[index] = (ledger.rotations[index] ?? 0) + 1
    ledger.refreshed.push(String(answer.body['access_token']))
    token = next
  }
}

const applications = '/api/mgmt/oauth/client/applications'
/** Beyond so many, one is deleted for each that is registered. */
const mostRegistered = 30

/** An owner who registers applications, never the same one twice, and deletes old ones. */
export const createRegistrar = (load: Load) => {
  const { fleet, ledger } = load
  let number = 0
  const site = (url: string) => ({ ...fleet.app, url })
  const remove = async (name: string, id: string): Promise<void> => {
    const { answer, before } = await askUntilHeard(fleet, ledger, (url) =>
      manage(site(url), 'DELETE', `${applications}/${id}`, { person: people.owner }),
    )
    if (answer.status !== 200 && answer.status !== 204)
      assert.ok(before > 0 && answer.status === 404, `deleting ${name}: ${answer.status}`)
    ledger.registered.delete(name)
    ledger.deleted.add(name)
  }
  return async (): Promise<void> => {
    number += 1
    const name = `chaos ${number}`
    const node = fleet.nodes[randomInt(fleet.nodes.length)]
    assert.ok(node)
    ledger.unsure.add(name)
    let answer: Awaited<ReturnType<typeof manage>>
    try {
      const body = { name, redirectUrls: ['https://client.example/callback'] }
      answer = await manage(site(node.url), 'POST', applications, { body })
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error
      ledger.counts.unanswered += 1
      return
    }
    if (answer.status === 503) {
      ledger.counts.unavailable += 1
      return
    }
    assert.equal(answer.status, 201, `registering: ${answer.status} ${JSON.stringify(answer.body)}`)
    ledger.unsure.delete(name)
    const { id, clientId, clientSecret } = answer.body
    ledger.registered.set(name, {
      number: String(id),
      client: { id: String(clientId), secret: String(clientSecret) },
    })
    const [oldest] = ledger.registered
    if (oldest !== undefined && ledger.registered.size > mostRegistered)
      await remove(oldest[0], oldest[1].number)
  }
}
