import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { Unavailable } from '#lib/refusal.ts'

const derive = promisify(argon2) as (
  algorithm: 'argon2id',
  parameters: Argon2Parameters,
) => Promise<Buffer>

/** What a hash costs: KiB of memory, passes over it, lanes. */
export type PasswordCost = Readonly<Pick<Argon2Parameters, 'memory' | 'passes' | 'parallelism'>>

/** OWASP's second recommendation for Argon2id: 19 MiB, 2 passes. No option makes it less. */
const fullCost: PasswordCost = { memory: 19_456, passes: 2, parallelism: 1 }
const tagLength = 32
const saltLength = 16

/** At most so many hashes at once (each holds its memory and a thread), and so many waiting. */
const concurrency = 2
const maxWaiting = 64

const createQueue = () => {
  let running = 0
  const waiting: (() => void)[] = []
  const enter = async (): Promise<void> => {
    if (running < concurrency) {
      running += 1
      return
    }
    if (waiting.length >= maxWaiting)
      throw new Unavailable('Too many passwords are being checked right now. Try again.', 2)
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }
  return async <T>(work: () => Promise<T>): Promise<T> => {
    await enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}

type Parsed = PasswordCost & { readonly salt: Buffer; readonly tag: Buffer }

/** The PHC string format, as other software writes Argon2 hashes. */
const render = (cost: PasswordCost, salt: Buffer, tag: Buffer): string => {
  const part = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${part(salt)}$${part(tag)}`
}

const parse = (text: string): Parsed => {
  const match =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(text)
  if (match === null) throw new Error('a stored password hash is damaged')
  const [, memory, passes, parallelism, salt = '', tag = ''] = match
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

export type PasswordHasher = {
  /** An Argon2id hash in PHC form. Throws `Unavailable` when too many wait. */
  readonly hash: (password: string) => Promise<string>
  /** True when the password made this hash. Without a hash it does the same work and answers false (T56). */
  readonly verify: (hash: string | undefined, password: string) => Promise<boolean>
}

/**
 * Argon2id in a bounded queue (DESIGN invariant 6).
 * @param cost what a new hash costs; a stored one says itself what it cost
 */
export const createPasswordHasher = (cost: PasswordCost = fullCost): PasswordHasher => {
  const queued = createQueue()
  const nobody: Parsed = { ...cost, salt: Buffer.alloc(saltLength), tag: Buffer.alloc(tagLength) }
  return {
    hash: (password) =>
      queued(async () => {
        const salt = randomBytes(saltLength)
        return render(
          cost,
          salt,
          await derive('argon2id', { ...cost, message: password, nonce: salt, tagLength }),
        )
      }),
    verify: (hash, password) =>
      queued(async () => {
        const { salt, tag, ...parameters } = hash === undefined ? nobody : parse(hash)
        const found = await derive('argon2id', {
          ...parameters,
          message: password,
          nonce: salt,
          tagLength: tag.length,
        })
        return timingSafeEqual(found, tag) && hash !== undefined
      }),
  }
}
