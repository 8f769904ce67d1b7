import { days, minutes, seconds } from '#lib/clock.ts'
import type { UpstreamError } from '#egress/upstream-error.ts'

const longest = minutes(5)

/** So long an upstream may ask to be left alone. */
const longestAsked = days(1)

/**
 * How long the next refresh waits after a failed one, in milliseconds: as long as the upstream wished, else twice as long each
 * time, with up to a quarter taken off at random so that profiles which failed together do not come back together. What an
 * administrator has to mend is not tried more often than every five minutes; a change of the OAuth application ends that.
 * @param failures in a row, this one included
 * @param random 0 to 1
 */
export const backOff = (
  error: Pick<UpstreamError, 'fault' | 'retryAfterSeconds'>,
  failures: number,
  random: number,
): number => {
  if (error.retryAfterSeconds !== undefined)
    return Math.min(seconds(error.retryAfterSeconds), longestAsked)
  if (error.fault === 'client-refused') return longest
  const wait = Math.min(seconds(2 ** Math.min(failures, 12)), longest)
  return Math.round(wait * (1 - random / 4))
}
