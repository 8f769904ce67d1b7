import type { UpstreamError } from '#egress/upstream-error.ts'
import { Unavailable } from '#lib/refusal.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { ReconnectNeeded } from './trouble.ts'

/** Seconds, where an upstream does not say when to come back. */
const usualWait = 5

/** Trouble with an upstream for the management surface: 503 with Retry-After for what passes, 502 for what does not. */
export const toUpstreamRefusal = (error: UpstreamError): ManagementError | Unavailable => {
  if (error instanceof ReconnectNeeded)
    return new ManagementError(refusals.reconnectNeeded, `Reason: ${error.reason}.`)
  const detail = error.detail === undefined ? {} : { detail: error.detail }
  if (error.passes)
    return new Unavailable(error.message, error.retryAfterSeconds ?? usualWait, detail)
  const code = error.upstreamCode === undefined ? '' : ` It said ${error.upstreamCode}.`
  return new ManagementError(refusals.upstreamWrong, `${error.message}${code}`, detail)
}
