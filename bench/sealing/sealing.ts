import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  createDataKey,
  type DataKey,
  openAt,
  openDataKey,
  type Place,
  sealFor,
} from '#vault/envelope.ts'
import { createMasterKeys, generateKey, type KeyRing, keyFromBase64 } from '#vault/keys.ts'
import type { Rounds } from '../compare.ts'
import { median } from '../statistics.ts'
import { type Line, renderTable } from '../table.ts'
import { openTokenStore } from './token-store.ts'

const heading: Line = ['path', 'bare', 'ours', 'ratio', 'µs, bare', 'µs, ours', 'µs, p99']

/** Something that is done once: bare, and as the server does it. */
type Pair = {
  readonly path: string
  readonly bare: () => unknown
  readonly ours: () => unknown
}

type Round = { readonly perSecond: number; readonly p99: number }

/** Does it again and again for so many milliseconds; a thing that answers a promise is waited for. */
const runFor = async (work: () => unknown, milliseconds: number): Promise<Round> => {
  const times: number[] = []
  const began = performance.now()
  let now = began
  while (now - began < milliseconds) {
    const done = work()
    if (done instanceof Promise) await done
    const then = performance.now()
    times.push(then - now)
    now = then
  }
  times.sort((a, b) => a - b)
  return {
    perSecond: (times.length * 1000) / (now - began),
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
  }
}

const measurePair = async ({ path, bare, ours }: Pair, rounds: Rounds): Promise<Line> => {
  for (const work of [bare, ours]) await runFor(work, rounds.warmUp)
  const both: { readonly bare: Round; readonly ours: Round }[] = []
  while (both.length < rounds.count)
    both.push({
      bare: await runFor(bare, rounds.milliseconds),
      ours: await runFor(ours, rounds.milliseconds),
    })
  const [bareRate, ourRate] = [
    median(both.map((round) => round.bare.perSecond)),
    median(both.map((round) => round.ours.perSecond)),
  ]
  return [
    path,
    `${Math.round(bareRate)}/s`,
    `${Math.round(ourRate)}/s`,
    median(both.map((round) => round.ours.perSecond / round.bare.perSecond)).toFixed(2),
    (1e6 / bareRate).toFixed(1),
    (1e6 / ourRate).toFixed(1),
    (median(both.map((round) => round.ours.p99)) * 1000).toFixed(1),
  ]
}

/** AES-256-GCM and nothing else: a random nonce, no context, bytes in and out. */
const encryptBare = (key: KeyObject, text: Buffer): Buffer => {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()])
}

const decryptBare = (key: KeyObject, sealed: Buffer): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
}

const createRing = (): KeyRing => {
  const master = { id: 'b1', base64: generateKey() }
  return {
    masters: createMasterKeys(() => [master]),
    pepper: keyFromBase64('b1', generateKey()),
  }
}

const place: Place = {
  tenantId: 1,
  table: 'upstream_tokens',
  rowId: '12345',
  column: 'access_token',
  generation: 17,
}

/** In memory alone: sealing and opening, and what opening would cost if the data key were unwrapped for each value. */
const inMemory = (ring: KeyRing, length: number): readonly Pair[] => {
  const id = { tenantId: 1, generation: 1 }
  const wrapped = createDataKey(ring.masters.newest(), id)
  const key: DataKey = openDataKey(ring.masters, id, wrapped)
  const text = randomBytes(length).toString('base64url').slice(0, length)
  const bytes = Buffer.from(text)
  const [sealed, sealedBare] = [sealFor(key, place, text), encryptBare(key.object, bytes)]
  const bare = (): Buffer => decryptBare(key.object, sealedBare)
  return [
    {
      path: `seal ${length} bytes`,
      bare: () => encryptBare(key.object, bytes),
      ours: () => sealFor(key, place, text),
    },
    { path: `open ${length} bytes`, bare, ours: () => openAt(key, place, sealed) },
    {
      path: `open ${length} bytes, data key unwrapped anew`,
      bare,
      ours: () => openAt(openDataKey(ring.masters, id, wrapped), place, sealed),
    },
  ]
}

/**
 * What sealing costs: beside bare AES-256-GCM of the same bytes, and of the tokens of an upstream account beside reading
 * their row without opening them.
 */
export const measureSealing = async (dataDir: string, rounds: Rounds): Promise<string> => {
  mkdirSync(dataDir, { recursive: true })
  const ring = createRing()
  const tokens = await openTokenStore(join(dataDir, 'sealing.db'), ring)
  try {
    const pairs: readonly Pair[] = [
      ...inMemory(ring, 200),
      ...inMemory(ring, 2000),
      { path: 'upstream token from the store: read, open', bare: tokens.read, ours: tokens.open },
    ]
    const lines: Line[] = []
    for (const pair of pairs) lines.push(await measurePair(pair, rounds))
    return `Sealing, on one core:\n${renderTable(heading, lines)}`
  } finally {
    await tokens.close()
  }
}
