import { findTimeZone, type TimeZone } from '#lib/time-zone.ts'
import type { StampForm, Value } from './plan.ts'

const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/i

/** A stamp by the second since 1970: its instant, which no name of a zone is needed for any more, and what follows the second. */
type Stamp = { readonly instant: number; readonly fraction: string }

const [first, last] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59Z')]

const spelled = (seconds: number, fraction: string): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}`

/** Whether a second has a year of four digits. */
const hasSpelling = (seconds: number): boolean => seconds * 1000 >= first && seconds * 1000 <= last

/** To the millisecond, as stamps compare. */
const rounded = ({ instant, fraction }: Stamp): Stamp => {
  const parts = Math.round(Number(`0${fraction || '.0'}`) * 1000)
  const rest = parts % 1000
  const digits = String(rest).padStart(3, '0').replace(/0+$/, '')
  return { instant: instant + (parts - rest) / 1000, fraction: rest === 0 ? '' : `.${digits}` }
}

const two = (n: number): string => String(n).padStart(2, '0')

/** A local time with its offset from GMT, which is whole minutes wherever the year has four digits in one of the two alone. */
const withOffset = (local: number, { instant, fraction }: Stamp): string => {
  const minutes = Math.abs(local - instant) / 60
  const sign = local < instant ? '-' : '+'
  return `${spelled(local, fraction)}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** An instant as text, or where it has a year of five digits, something else. */
const instantText = ({ instant, fraction }: Stamp, otherwise: string): string =>
  hasSpelling(instant) ? `${spelled(instant, fraction)}+00:00` : otherwise

const makers: Readonly<
  Record<StampForm, (stamp: Stamp, zone: TimeZone, otherwise: string) => string>
> = {
  local: ({ instant, fraction }, zone, otherwise) => {
    const local = instant + zone.offsetAt(instant)
    return hasSpelling(local) ? spelled(local, fraction) : otherwise
  },
  instant: (stamp, _zone, otherwise) => instantText(stamp, otherwise),
  ordered: (stamp) => instantText(stamp, '9999-12-31T23:59:59.999+00:00'),
  grouped: (stamp, _zone, otherwise) => instantText(rounded(stamp), otherwise),
}

/**
 * A stamp that may name a zone of its own, and is a local time of the zone with this id where it names none:
 * - `local`: what the clock of the zone shows, without a zone. What names none stays as it is.
 * - `instant`: in GMT. The end is `+00:00`, so that texts sort as the instants do, whose fractions differ in length.
 * - `ordered`: the same to be compared with others; an instant after the last year that has a text is the end of that.
 * - `grouped`: the instant to the millisecond, which is as far as stamps are told apart.
 * What is no stamp stays as it is.
 */
export const stampAs = (as: StampForm, value: Value, zoneId: Value): Value => {
  const found = typeof value === 'string' ? form.exec(value) : null
  const zone = findTimeZone(String(zoneId))
  if (found === null || zone === undefined) return value
  const [text, date, clock = '00:00', second = '00', fraction = '', own] = found
  if (as === 'local' && own === undefined) return value
  const seconds = Date.parse(`${date}T${clock}:${second}${(own ?? 'Z').toUpperCase()}`) / 1000
  if (Number.isNaN(seconds)) return value
  const instant = own === undefined ? zone.instantOf(seconds) : seconds
  const otherwise = own === undefined ? withOffset(seconds, { instant, fraction }) : text
  return makers[as]({ instant, fraction }, zone, otherwise)
}
