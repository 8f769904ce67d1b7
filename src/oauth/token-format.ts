import { crc32 } from 'node:zlib'

/** What each secret begins with, so that people and secret scanners know what they found. */
export const prefixes = {
  accessToken: 'hg_at_',
  refreshToken: 'hg_rt_',
  clientSecret: 'hg_cs_',
  code: 'hg_ac_',
  session: 'hg_se_',
  authorizationRequest: 'hg_ar_',
  browser: 'hg_br_',
  connectionLink: 'hg_cl_',
  connectionState: 'hg_st_',
} as const
export type TokenKind = keyof typeof prefixes

/** Fills a buffer of the given length with random bytes. */
export type RandomBytes = (length: number) => Uint8Array

const entropyBytes = 32
const bodyLength = 43
const checksumLength = 6

const checksum = (text: string): string =>
  crc32(text).toString(36).padStart(7, '0').slice(-checksumLength)

/** Makes an opaque secret: prefix, 256 random bits in base64url, and a checksum (DESIGN invariant 8). */
export const mintToken = (kind: TokenKind, random: RandomBytes): string => {
  const body = `${prefixes[kind]}${Buffer.from(random(entropyBytes)).toString('base64url')}`
  return body + checksum(body)
}

/** True when the text could have been minted as this kind: the database is not asked about anything else. */
export const isWellFormed = (kind: TokenKind, text: string): boolean => {
  const prefix = prefixes[kind]
  if (text.length !== prefix.length + bodyLength + checksumLength || !text.startsWith(prefix))
    return false
  return checksum(text.slice(0, -checksumLength)) === text.slice(-checksumLength)
}
