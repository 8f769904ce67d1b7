/** Seconds: a day. An upstream may ask for a pause; it cannot switch off for good what goes to it. */
export const longestPause = 86_400

/** The one form of date that is generated (RFC 9110 section 5.6.7). */
const date = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * How many seconds an upstream wants to be left alone (RFC 9110 section 10.2.3), at most `longestPause`; undefined where it
 * says nothing that can be understood, or a time that has passed.
 * @param value the header `Retry-After`: seconds, or a date
 */
export const retryAfterSeconds = (value: string | undefined, now: number): number | undefined => {
  const text = value?.trim() ?? ''
  const wanted = /^\d+$/.test(text)
    ? Number(text)
    : date.test(text)
      ? Math.ceil((Date.parse(text) - now) / 1000)
      : 0
  return wanted > 0 ? Math.min(wanted, longestPause) : undefined
}
