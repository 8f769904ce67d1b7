// Time zones by the rules that Node brings along (ICU). All numbers are whole seconds: instants since 1970 in GMT, local times as if
// they were GMT. Whoever asks for a year again pays for a comparison or two (`zone-years.ts`).
import { createBoundedMap } from './bounded-map.ts'
import { createZoneYears, type Transition, type ZoneYear } from './zone-years.ts'

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

const offsetIn = (text: string): number => {
  const [, sign, hours = 0, minutes = 0, seconds = 0] =
    /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? []
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return sign === '-' ? -offset : offset
}

const findLast = (
  { transitions }: ZoneYear,
  test: (transition: Transition) => boolean,
): Transition | undefined => {
  for (let i = transitions.length - 1; i >= 0; i--) {
    const transition = transitions[i]
    if (transition !== undefined && test(transition)) return transition
  }
  return undefined
}

const lastBefore = (year: ZoneYear, instant: number) => findLast(year, ({ at }) => at <= instant)

/** The local times that mean an instant of a year. */
const localsIn = (year: ZoneYear, instant: number): LocalTimes => {
  const last = lastBefore(year, instant)
  const local = instant + (last?.after ?? year.first)
  const since = last === undefined ? Infinity : instant - last.at
  if (last === undefined || since >= Math.abs(last.after - last.before))
    return { local, exact: true, skipped: undefined }
  // Local times that come twice mean the first time; this is the second one.
  if (last.after < last.before)
    return { local: last.at + last.before, exact: false, skipped: undefined }
  return { local, exact: true, skipped: { from: instant + last.before, end: last.at + last.after } }
}

const shifted = ({ local, exact, skipped }: LocalTimes, by: number): LocalTimes => ({
  local: local + by,
  exact,
  skipped: skipped && { from: skipped.from + by, end: skipped.end + by },
})

const regional = (id: string, formats: Intl.DateTimeFormat): TimeZone => {
  const yearAt = createZoneYears((instant) => offsetIn(formats.format(instant * 1000)))
  return {
    id,
    isFixed: false,
    offsetAt: (instant) => {
      const { year, shift } = yearAt(instant)
      return lastBefore(year, instant - shift)?.after ?? year.first
    },
    instantOf: (local) => {
      const { year, shift } = yearAt(local)
      const last = findLast(
        year,
        ({ at, before, after }) => local - shift >= at + Math.max(before, after),
      )
      return local - (last?.after ?? year.first)
    },
    localsOf: (instant) => {
      const { year, shift } = yearAt(instant)
      return shifted(localsIn(year, instant - shift), shift)
    },
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
