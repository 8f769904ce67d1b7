import { Secret } from '#lib/secret.ts'
import type { AddressPolicy } from '../address-policy.ts'
import type { OutboundAnswer } from '../outbound.ts'
import { outboundUrlFault } from '../url.ts'
import { readIdToken } from './id-token.ts'
import { parseJsonObject } from './json-object.ts'
import { type AskedWith, tokenAnswerError, tokenError } from './token-errors.ts'
import type { Tokens } from './tokens.ts'

/** What an answer is read with: for whom, from where, at what time. */
export type Reading = AskedWith & {
  readonly clientId: string
  readonly policy: AddressPolicy
  /**
   * Whether an odd member that nobody must send counts as one that was left out. So where tokens are renewed: the refresh token that
   * stands beside it may be good for one use, and the one before is spent by now.
   */
  readonly lenient: boolean
}

type Members = Readonly<Record<string, unknown>>

const longestToken = 16_384
const longestScope = 4096
/** Seconds. */
const year = 31_536_000

const mediaType = /^application\/(?:[a-z0-9.+-]+\+)?json$/i

const isJson = ({ headers }: OutboundAnswer): boolean =>
  mediaType.test((headers['content-type'] ?? '').split(';')[0]?.trim() ?? '')

/** A member that is null is one that was left out. */
const optional = (value: unknown): unknown => (value === null ? undefined : value)

const createReaders = (malformed: (what: string) => Error) => {
  const text = (name: string, value: unknown, most: number): string | undefined => {
    const given = optional(value)
    if (given === undefined || given === '') return undefined
    // RFC 6749 appendix A: printable ASCII.
    if (typeof given !== 'string' || given.length > most || !/^[\x20-\x7e]+$/.test(given))
      throw malformed(name)
    return given
  }
  return {
    text,
    /** Whole seconds of at most a year; some servers send them as text. None at all is no life that could be meant. */
    expiresIn: (value: unknown): number | undefined => {
      const given = optional(value)
      if (given === undefined) return undefined
      const number =
        typeof given === 'string' && /^-?\d{1,20}(?:\.\d{1,20})?$/.test(given)
          ? Number(given)
          : given
      if (typeof number !== 'number') throw malformed('expires_in')
      const whole = Math.floor(Math.min(number, year))
      return whole > 0 ? whole : undefined
    },
    /** The origin of an URL that may be called, and no more than an origin. */
    instanceUrl: (value: unknown, policy: AddressPolicy): string | undefined => {
      const given = text('instance_url', value, 2000)
      if (given === undefined) return undefined
      if (outboundUrlFault(given, policy) !== undefined) throw malformed('instance_url')
      const { origin, pathname, search } = new URL(given)
      if (pathname !== '/' || search !== '') throw malformed('instance_url')
      return origin
    },
  }
}

/** Salesforce's identity URL. Other servers call other things `id`. */
const identityUrl = (value: unknown): string | undefined =>
  typeof value === 'string' && /^https?:\/\/[\x21-\x7e]{1,1990}$/i.test(value) ? value : undefined

/** Salesforce's is sent with each answer, an ID token perhaps only with the first. */
const accountOf = (members: Members, reading: Reading): string | undefined => {
  const { clientId, host, lenient } = reading
  const identity = identityUrl(members['id'])
  const sent = optional(members['id_token'])
  if (sent === undefined) return identity
  const subject =
    typeof sent === 'string' && sent.length <= longestToken
      ? readIdToken(sent, clientId)
      : undefined
  if (subject === undefined) {
    if (lenient) return identity
    throw tokenError('malformed', host, { detail: 'id_token' })
  }
  if (!subject.isForClient) throw tokenError('other-account', host, { detail: 'aud' })
  return identity ?? subject.account
}

/**
 * The members of a successful answer (RFC 6749 section 5.1). Throws the error that it is otherwise; also for an error that comes with
 * status 200.
 */
export const readTokenMembers = (answer: OutboundAnswer, reading: Reading): Members => {
  const { host } = reading
  const members = parseJsonObject(answer.body)
  const isSuccess = answer.status === 200 || answer.status === 201
  if (answer.status >= 400 || (isSuccess && typeof members?.['error'] === 'string'))
    throw tokenAnswerError(answer, members?.['error'], reading)
  if (!isSuccess || members === undefined || !isJson(answer))
    throw tokenError('malformed', host, { detail: `status ${answer.status}` })
  return members
}

/** What a reader makes of a member; where that may be odd, nothing in place of its error. */
const unlessOdd = <T>(lenient: boolean, read: () => T): T | undefined => {
  try {
    return read()
  } catch (error) {
    if (lenient) return undefined
    throw error
  }
}

/**
 * What the members mean. Throws `malformed` for one that is not as the protocol has it, `reading.lenient` only for the tokens
 * themselves, and `other-account`.
 */
export const readTokens = (members: Members, reading: Reading): Tokens => {
  const { host, policy, lenient } = reading
  const malformed = (what: string): Error => tokenError('malformed', host, { detail: what })
  const readers = createReaders(malformed)
  const accessToken = readers.text('access_token', members['access_token'], longestToken)
  const refreshToken = readers.text('refresh_token', members['refresh_token'], longestToken)
  if (accessToken === undefined) throw malformed('access_token')
  return {
    accessToken: new Secret(accessToken),
    refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken),
    expiresIn: unlessOdd(lenient, () => readers.expiresIn(members['expires_in'])),
    scope: unlessOdd(lenient, () => readers.text('scope', members['scope'], longestScope)),
    instanceUrl: unlessOdd(lenient, () => readers.instanceUrl(members['instance_url'], policy)),
    account: accountOf(members, reading),
  }
}
