import { randomBytes } from 'node:crypto'
import { mintToken } from '#oauth/token-format.ts'
import { createHasher, type Hasher } from '#vault/hashing.ts'
import { keyFromBase64 } from '#vault/keys.ts'

/** Filling goes in so many steps, each with its share of everything: what belongs together lies apart, as after months. */
export const steps = 50

/** Ids of what is filled in begin here: what the server has made itself comes before. */
export const firstId = 1_000_000

/** Milliseconds. Nothing expires while it is measured. */
const hour = 3_600_000

/**
 * What a store of a given number of tokens (access and refresh) holds. Most are other people's, whose secrets nobody
 * knows: chains of one refresh token and three access tokens, ten chains to a consent, five applications that everybody
 * uses. The rest are chains of the user `demo` of one refresh and one access token each, which the load presents.
 */
export type Plan = {
  readonly users: number
  readonly consents: number
  readonly strangerChains: number
  readonly knownChains: number
  readonly now: number
  /** Access tokens expire one after the other in the order in which they were made. */
  readonly accessExpiry: { readonly from: number; readonly span: number }
  readonly refreshExpiry: number
}

export const applications = 5
export const accessTokensPerChain = 3
/** More than the answers that the server keeps in memory, so that many tokens means asking the database. */
const mostKnown = 20_000

export const planFor = (tokens: number): Plan => {
  const knownChains = Math.min(Math.floor(tokens / 4), mostKnown)
  const strangerChains = Math.ceil((tokens - 2 * knownChains) / (1 + accessTokensPerChain))
  const users = Math.ceil(strangerChains / (10 * applications))
  const now = Date.now()
  return {
    users,
    consents: users * applications,
    strangerChains,
    knownChains,
    now,
    accessExpiry: { from: now + hour, span: hour },
    refreshExpiry: now + 180 * 24 * hour,
  }
}

/** A part of what is filled in, by number: from `begin` until before `end`. */
export type Slice = { readonly begin: number; readonly end: number }

/** The share of the given step of so many things. */
export const sliceOf = (count: number, step: number): Slice => ({
  begin: Math.floor((count * step) / steps),
  end: Math.floor((count * (step + 1)) / steps),
})

/** Tokens that the load can present, and their hashes for the database. */
export type KnownToken = { readonly token: string; readonly hash: Uint8Array }
export type Known = {
  readonly access: readonly KnownToken[]
  readonly refresh: readonly KnownToken[]
}

/** Makes tokens as the server would. @param pepper `id:base64`, the server's */
export const makeKnown = (count: number, pepper: string): Known => {
  const [id = '', base64 = ''] = pepper.split(':')
  const hash: Hasher = createHasher(keyFromBase64(id, base64))
  const make = (kind: 'accessToken' | 'refreshToken'): readonly KnownToken[] =>
    Array.from({ length: count }, () => {
      const token = mintToken(kind, randomBytes)
      return { token, hash: hash(kind === 'accessToken' ? 'access-token' : 'refresh-token', token) }
    })
  return { access: make('accessToken'), refresh: make('refreshToken') }
}

/** What is filled in beside the plan: the tokens that the load presents, and the consent of theirs, which is there. */
export type Given = { readonly known: Known; readonly consent: number }

/** The application of the known tokens, and the statement that finds the consent to it. */
export const knownApplication = 'Bench, growth'
export const consentQuery = `SELECT g.id FROM consents g JOIN client_applications a ON a.id = g.application_id
  WHERE a.name = '${knownApplication}'`
export const strangerApplication = (number: number): string => `Stranger ${number}`

/** The next chain that gets an access token: each in its turn, but no two neighbours after each other. */
export const chainStride = 15_485_863
