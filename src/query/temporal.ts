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

/** `2024-02-29T23:59:59.999Z`, to the millisecond. */
export const stampOf = (instant: number | undefined): string | undefined => {
  const date = instant === undefined ? undefined : new Date(instant)
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** Hour, minute and second in GMT of a stamp or a time of day; the fraction to the millisecond. */
export const clockParts = (
  text: string,
):
  | {
      readonly hour: number
      readonly minute: number
      readonly second: number
      readonly fraction: number
    }
  | undefined => {
  const instant = instantOf(text) ?? instantOf(`2000-01-01T${text}Z`)
  if (instant === undefined) return undefined
  const date = new Date(instant)
  return {
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    fraction: date.getUTCMilliseconds() / 1000,
  }
}

/** Seconds of `P1DT2H3M4.5S` (ABNF durationValue), which may be negative. */
export const durationSeconds = (text: string): number => {
  const form = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/
  const [, sign = '', days = 0, hours = 0, minutes = 0, seconds = 0] = form.exec(text) ?? []
  const total =
    Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return sign === '-' ? -total : total
}
