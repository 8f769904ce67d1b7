// Dates and times as ISO text, the way SQLite keeps them. A stamp without a zone is GMT.
const stamp = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/i

/** Milliseconds since 1970 in GMT; `undefined` when the text is no stamp. */
export const instantOf = (text: string): number | undefined => {
  const found = stamp.exec(text)
  if (found === null) return undefined
  const [, date, clock = '00:00', second = '00', fraction = '', zone = 'Z'] = found
  const whole = Date.parse(`${date}T${clock}:${second}${zone.toUpperCase()}`)
  if (Number.isNaN(whole)) return undefined
  return whole + Math.round(Number(`0${fraction || '.0'}`) * 1000)
}

/** Year, month and day in GMT, which is the zone that values are served in. */
export const dateParts = (
  text: string,
): { readonly year: number; readonly month: number; readonly day: number } | undefined => {
  const instant = instantOf(text)
  if (instant === undefined) return undefined
  const date = new Date(instant)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}
