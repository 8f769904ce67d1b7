/** `YYYY-MM-DD HH:mm:ss` in UTC (management reference 0.2). @param at milliseconds since 1970 */
export const timestamp = (at: number): string =>
  new Date(at).toISOString().slice(0, 19).replace('T', ' ')

/**
 * The time that such a text names, with or without a fraction of a second, in milliseconds since 1970; undefined for any
 * other text, and for a day that no calendar has.
 */
export const parseTimestamp = (text: string): number | undefined => {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})?$/.exec(text)
  if (match === null) return undefined
  const at = Date.parse(`${match[1]}T${match[2]}Z`)
  // `2030-02-30` is taken for the 2nd of March.
  return Number.isNaN(at) || timestamp(at) !== `${match[1]} ${match[2]}` ? undefined : at
}
