/** `YYYY-MM-DD HH:mm:ss` in UTC (management reference 0.2). @param at milliseconds since 1970 */
export const timestamp = (at: number): string =>
  new Date(at).toISOString().slice(0, 19).replace('T', ' ')
