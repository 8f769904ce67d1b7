import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  type Client,
  read,
  redeem,
  redirectUri,
  refresh,
  signIn,
  type TokenAnswer,
} from './client.ts'
import { basicOf, freePort, people } from '#test/support/app.ts'
import { endNode, type NodeProcess, startNode } from '#test/support/node-process.ts'

// Must show 4: a server over one data directory is killed under load, again and again. What it acknowledged
// before it died must hold after it is back.

/** What the client heard from the server before the kill. */
type Acknowledged = {
  readonly redeemed: {
    readonly code: string
    readonly accessToken: string
    readonly refreshToken: string
  }[]
  readonly refreshed: string[]
  /** Sent, and nothing was heard: may have happened, but at most once. */
  readonly unsure: string[]
}

const createData = (directory: string): void => {
  const files = join(directory, 'files', '1')
  mkdirSync(files, { recursive: true })
  const database = new DatabaseSync(join(files, 'one.db'))
  database.exec(
    "CREATE TABLE Item (id INTEGER PRIMARY KEY, name VARCHAR(50)); INSERT INTO Item VALUES (1, 'one 1')",
  )
  database.close()
}

const startServer = (directory: string, port: number): Promise<NodeProcess> =>
  startNode({
    HEADGATE_PORT: String(port),
    HEADGATE_DATA_DIR: directory,
    HEADGATE_ADMIN_PASSWORD: people.admin.password,
    HEADGATE_USER_PASSWORD: people.owner.password,
  })

const setUp = async (url: string): Promise<Client> => {
  const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { ...basicOf(people.owner), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    assert.equal(response.status, 201)
    return (await response.json()) as Record<string, unknown>
  }
  await post('/api/mgmt/datasources', {
    name: 'one',
    dataStore: 5001,
    connectionType: 'Cloud',
    options: { Database: 'one.db' },
  })
  const made = await post('/api/mgmt/oauth/client/applications', {
    name: 'Chaos',
    redirectUrls: [redirectUri],
  })
  return { id: String(made['clientId']), secret: String(made['clientSecret']) }
}

/** Redeems codes and refreshes until the server is gone, or 400 times. */
const work = async (
  url: string,
  client: Client,
  newCode: () => Promise<string>,
  heard: Acknowledged,
): Promise<void> => {
  for (let i = 0; i < 400; i += 1) {
    let code: string
    try {
      code = await newCode()
    } catch {
      return
    }
    heard.unsure.push(code)
    let answer: TokenAnswer
    try {
      answer = await redeem(url, client, code)
    } catch {
      return
    }
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    heard.unsure.splice(heard.unsure.indexOf(code), 1)
    const refreshToken = String(answer.body['refresh_token'])
    heard.redeemed.push({ code, accessToken: String(answer.body['access_token']), refreshToken })
    try {
      const next = await refresh(url, client, refreshToken)
      assert.equal(next.status, 200, JSON.stringify(next.body))
      heard.refreshed.push(String(next.body['access_token']))
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return
    }
  }
}

/** Everything acknowledged holds: tokens read, used codes are refused; what was unsure happens at most once. */
const check = async (url: string, client: Client, heard: Acknowledged): Promise<void> => {
  for (const { accessToken } of heard.redeemed) assert.equal(await read(url, accessToken), 200)
  for (const accessToken of heard.refreshed) assert.equal(await read(url, accessToken), 200)
  for (const code of heard.unsure) {
    const [first, second] = [await redeem(url, client, code), await redeem(url, client, code)]
    assert.ok(first.status === 200 || first.body['error'] === 'invalid_grant')
    assert.equal(second.body['error'], 'invalid_grant')
  }
  for (const { code, accessToken } of heard.redeemed) {
    assert.equal((await redeem(url, client, code)).body['error'], 'invalid_grant')
    // The second redemption ended the chain, so the chain was still known.
    assert.equal(await read(url, accessToken), 401)
  }
}

/** Kills the server under load so many times; answers how many acknowledged tokens were checked. */
export const killUnderLoad = async (times: number): Promise<number> => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-chaos-'))
  const port = await freePort()
  const url = `http://localhost:${port}`
  createData(directory)
  let server = await startServer(directory, port)
  let checked = 0
  try {
    const client = await setUp(url)
    const kept: string[] = []
    for (let round = 0; round < times; round += 1) {
      const newCode = await signIn(url, client)
      const heard: Acknowledged = { redeemed: [], refreshed: [], unsure: [] }
      const keep = await redeem(url, client, await newCode())
      kept.push(String(keep.body['access_token']))
      const workers = Array.from({ length: 4 }, () => work(url, client, newCode, heard))
      await new Promise((resolve) => setTimeout(resolve, 150 + randomInt(400)))
      await endNode(server)
      await Promise.all(workers)
      server = await startServer(directory, port)
      await check(url, client, heard)
      for (const accessToken of kept) assert.equal(await read(url, accessToken), 200)
      checked += heard.redeemed.length + heard.refreshed.length
    }
    return checked
  } finally {
    await endNode(server)
    rmSync(directory, { recursive: true, force: true })
  }
}
