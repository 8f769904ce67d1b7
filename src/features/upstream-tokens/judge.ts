import { minutes, seconds } from '#lib/clock.ts'
import type { EventCause, UpstreamToken } from './token.ts'

/** Renewed so long before it expires that a request which takes it now can still be answered (data access reference D.1). */
const widestMargin = minutes(5)

/** A token that is refused so soon after one was renewed for being refused is not helped by another one. */
const betweenRejections = seconds(30)

/** How an owner's access token can be had anew: a grant of OAuth reference D.4, or not at all. */
export type Means = 'refresh-token' | 'client-credentials' | 'none'

/** What is known when somebody wants a token. */
export type Situation = {
  readonly token: UpstreamToken
  readonly hasAccessToken: boolean
  readonly means: Means
  /** The generation whose access token the upstream has refused (401), if it has. */
  readonly rejected: number | undefined
  /** The generation with which it is not known where the upstream's API answers, if that is wanted. */
  readonly incomplete?: number | undefined
  /** When one was last renewed because of a refusal. */
  readonly lastRejection: number | undefined
  /** How long a token of this data store lives when it does not say; milliseconds. */
  readonly assumedLife: number
  readonly now: number
}

/** The verdict that there must be a new token. */
export type Renew = Extract<Verdict, { readonly kind: 'renew' }>

/**
 * What the token that there is still does: it is `good` for a while, which the data store has said; or `perhaps`, where nobody has said
 * when it ends; or nothing.
 */
export type Spare = 'good' | 'perhaps' | undefined

export type Verdict =
  | { readonly kind: 'use' }
  | { readonly kind: 'renew'; readonly cause: EventCause; readonly spare: Spare }
  /** A renewal has failed, and the next one has to wait until then. */
  | { readonly kind: 'cool-down'; readonly until: number }
  | { readonly kind: 'reconnect'; readonly reason: string }
  /** Fresh, and refused all the same. */
  | { readonly kind: 'refused' }
  /** Refused, and nothing leads to another one. It may be good elsewhere: one refusal is not the end of it. */
  | { readonly kind: 'not-renewable' }

type Need = { readonly cause: EventCause; readonly spare: Spare } | 'none' | 'refused'

const needOf = (situation: Situation): Need => {
  const { token, hasAccessToken, rejected, lastRejection, assumedLife, now } = situation
  const { incomplete, means } = situation
  const { issuedAt, accessExpiresAt } = token
  if (!hasAccessToken) return { cause: 'first-use', spare: undefined }
  if (rejected === token.generation)
    return lastRejection !== undefined && now - lastRejection < betweenRejections
      ? 'refused'
      : { cause: 'rejected', spare: undefined }
  if (incomplete === token.generation && means !== 'none')
    return { cause: 'first-use', spare: undefined }
  const begun = issuedAt ?? token.stateAt
  const ends = accessExpiresAt ?? begun + assumedLife
  const margin = Math.min(widestMargin, (ends - begun) / 3)
  if (now < ends - margin) return 'none'
  // Of an end that was only assumed nobody knows; the upstream itself will say so.
  if (accessExpiresAt === undefined) return { cause: 'expiry', spare: 'perhaps' }
  return { cause: 'expiry', spare: now < accessExpiresAt ? 'good' : undefined }
}

/** Without means to renew: only an end that is known, or a token that is missing, says that the account must be connected again. */
const judgeLast = ({ cause, spare }: Exclude<Need, string>): Verdict => {
  if (spare) return { kind: 'use' }
  return cause === 'rejected'
    ? { kind: 'not-renewable' }
    : { kind: 'reconnect', reason: 'no-refresh-token' }
}

/** What to do when somebody wants an access token; a function of what is known, so that all nodes decide alike. */
export const judge = (situation: Situation): Verdict => {
  const { token, means, now } = situation
  if (token.state === 'reconnect')
    return { kind: 'reconnect', reason: token.stateReason ?? 'unknown' }
  const need = needOf(situation)
  if (need === 'none') return { kind: 'use' }
  if (need === 'refused') return { kind: 'refused' }
  if (means === 'none') return judgeLast(need)
  if (token.retryAt !== undefined && token.retryAt > now)
    return need.spare ? { kind: 'use' } : { kind: 'cool-down', until: token.retryAt }
  return { kind: 'renew', ...need }
}
