// Time zones by the rules that Node brings along (ICU). All numbers are whole seconds: instants since 1970 in GMT, local times as if
// they were GMT. Rules are looked up once per year and zone; whoever asks for a year again pays for a comparison or two.
import { createBoundedMap } from './bounded-map.ts'

/** What a local time must be, to be the instant asked for. */
export type LocalTimes = {
  /** The local time of the instant; where none means it (`exact` is false), the first one that means a later instant. */
  readonly local: number
  readonly exact: boolean
  /** Skipped local times from the one that means this instant, too, up to the end of those skipped. */
  readonly skipped: { readonly from: number; readonly end: number } | undefined
}

export type TimeZone = {
  /** The same for every spelling of the zone: `Europe/Berlin` of `europe/berlin`, `+02:00` of `UTC+2`, `GMT` of all that is GMT. */
  readonly id: string
  /** Whether its offset is always the same. */
  readonly isFixed: boolean
  /** Seconds east of Greenwich. */
  readonly offsetAt: (instant: number) => number
  /**
   * What a local time means, as java.time has it: one that is skipped is moved by the length of the gap, one that comes twice is the
   * first of the two.
   */
  readonly instantOf: (local: number) => number
  /** Which local times mean an instant, or else stand before and after it. */
  readonly localsOf: (instant: number) => LocalTimes
}

type Transition = { readonly at: number; readonly before: number; readonly after: number }

/** The transitions of a year, with some days of its neighbours, and the offset before them. */
type Year = { readonly first: number; readonly transitions: readonly Transition[] }

const day = 86_400
/** No zone has changed twice in so little time, and back to what it was. */
const stride = 2 * day
const yearsKept = 1000

const yearOf = (seconds: number): number => new Date(seconds * 1000).getUTCFullYear()

const startOf = (year: number): number => {
  const date = new Date(0)
  date.setUTCFullYear(year, 0, 1)
  return date.getTime() / 1000
}

const offsetIn = (text: string): number => {
  const [, sign, hours = 0, minutes = 0, seconds = 0] =
    /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? []
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return sign === '-' ? -offset : offset
}

/** The first second from which the offset is another one than at `from`; it is another one at `to`. */
const firstChange = (from: number, to: number, offsetAt: (instant: number) => number): number => {
  const before = offsetAt(from)
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle) === before) low = middle
    else high = middle
  }
  return high
}

const readYear = (year: number, offsetAt: (instant: number) => number): Year => {
  const transitions: Transition[] = []
  const [start, end] = [startOf(year) - stride, startOf(year + 1) + stride]
  const first = offsetAt(start)
  let [last, before] = [start, first]
  for (let next = start + stride; last < end; next += stride) {
    const after = offsetAt(next)
    while (before !== after) {
      last = firstChange(last, next, offsetAt)
      const then = offsetAt(last)
      transitions.push({ at: last, before, after: then })
      before = then
    }
    last = next
  }
  return { first, transitions }
}

const findLast = (
  { transitions }: Year,
  test: (transition: Transition) => boolean,
): Transition | undefined => {
  for (let i = transitions.length - 1; i >= 0; i--) {
    const transition = transitions[i]
    if (transition !== undefined && test(transition)) return transition
  }
  return undefined
}

const regional = (id: string, formats: Intl.DateTimeFormat): TimeZone => {
  const ask = (instant: number): number => offsetIn(formats.format(instant * 1000))
  const years = createBoundedMap<Year>(yearsKept)
  const inYear = (seconds: number): Year => {
    const year = yearOf(seconds)
    return years.get(String(year)) ?? years.set(String(year), readYear(year, ask))
  }
  const lastBefore = (year: Year, instant: number) => findLast(year, ({ at }) => at <= instant)
  const localsOf = (instant: number): LocalTimes => {
    const year = inYear(instant)
    const last = lastBefore(year, instant)
    const local = instant + (last?.after ?? year.first)
    const since = last === undefined ? Infinity : instant - last.at
    if (last === undefined || since >= Math.abs(last.after - last.before))
      return { local, exact: true, skipped: undefined }
    // Local times that come twice mean the first time; this is the second one.
    if (last.after < last.before)
      return { local: last.at + last.before, exact: false, skipped: undefined }
    return {
      local,
      exact: true,
      skipped: { from: instant + last.before, end: last.at + last.after },
    }
  }
  return {
    id,
    isFixed: false,
    offsetAt: (instant) => {
      const year = inYear(instant)
      return lastBefore(year, instant)?.after ?? year.first
    },
    instantOf: (local) => {
      const year = inYear(local)
      const last = findLast(year, ({ at, before, after }) => local >= at + Math.max(before, after))
      return local - (last?.after ?? year.first)
    },
    localsOf,
  }
}

const two = (n: number): string => String(n).padStart(2, '0')

const idOf = (offset: number): string => {
  const minutes = Math.abs(offset) / 60
  const distance = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return offset === 0 ? 'GMT' : `${offset < 0 ? '-' : '+'}${distance}`
}

const fixed = (offset: number): TimeZone => ({
  id: idOf(offset),
  isFixed: true,
  offsetAt: () => offset,
  instantOf: (local) => local - offset,
  localsOf: (instant) => ({ local: instant + offset, exact: true, skipped: undefined }),
})

const mostOffset = 18 * 3600

/** `+02:00`, `-5`, `UTC+0530`, `GMT-03:00`, as java.time reads them; `undefined` where it is no such text. */
const offsetOf = (id: string): number | undefined => {
  const form = /^(?:UTC|GMT|UT)?([+-])(?:(\d)|(\d\d)(?::?([0-5]\d))?)$/i
  const [, sign, short, long, minutes = 0] = form.exec(id) ?? []
  if (sign === undefined) return /^(?:Z|UTC|GMT|UT)$/i.test(id) ? 0 : undefined
  const offset = Number(short ?? long) * 3600 + Number(minutes) * 60
  if (offset > mostOffset) return undefined
  return sign === '-' ? 0 - offset : offset
}

/** Of three letters these alone are names of the tz database; others mean several zones (`IST`), or none. */
const short: ReadonlySet<string> = new Set(
  'CET EET EST GMT HST MET MST PRC ROK UCT UTC WET'.split(' '),
)

const options = { timeZoneName: 'longOffset', year: 'numeric' } as const

const byId = createBoundedMap<TimeZone>(100)
const keep = (zone: TimeZone): TimeZone => byId.get(zone.id) ?? byId.set(zone.id, zone)

const find = (id: string): TimeZone | undefined => {
  const offset = offsetOf(id)
  if (offset !== undefined) return keep(fixed(offset))
  if (!/^[a-z][\w+/-]{2,63}$/i.test(id)) return undefined
  if (/^[a-z]{3}$/i.test(id) && !short.has(id.toUpperCase())) return undefined
  try {
    const formats = new Intl.DateTimeFormat('en-US', { ...options, timeZone: id })
    const name = formats.resolvedOptions().timeZone
    return keep(name === 'UTC' ? fixed(0) : regional(name, formats))
  } catch {
    return undefined
  }
}

const bySpelling = createBoundedMap<TimeZone>(200)

/**
 * The zone of an id that java.time takes: a name of the tz database in any case, or a fixed offset of up to 18 hours (`+02:00`,
 * `UTC+2`, `GMT-05:30`). `undefined` when there is none. Every spelling of a zone gives the same one, as long as few are in use.
 */
export const findTimeZone = (id: string): TimeZone | undefined => {
  const again = bySpelling.get(id)
  if (again !== undefined) return again
  const found = find(id)
  return found && bySpelling.set(id, found)
}

/** Names of zones, for who has to be told one. */
export const timeZoneNames = (): readonly string[] => Intl.supportedValuesOf('timeZone')
