// The changes of a zone's clock, year by year, as far as somebody asked for them. All numbers are whole seconds since 1970.

export type Transition = { readonly at: number; readonly before: number; readonly after: number }

/** The transitions of a year, with some days of its neighbours, and the offset before them. */
export type ZoneYear = { readonly first: number; readonly transitions: readonly Transition[] }

/** A year, told for another one that is like it: its numbers are `shift` seconds too small. */
export type ShiftedYear = { readonly year: ZoneYear; readonly shift: number }

type OffsetAt = (instant: number) => number

const day = 86_400

/** No zone had another offset than that of its place before. */
const firstWithRules = 1800
/** No zone has changed twice in less, and back to what it was. Palestine will have 7 days of summer time in autumn 2040. */
const stride = 4 * day
/** Summer time is younger than that: offsets changed for good. */
const firstWithSeasons = 1900
const longStride = 120 * day
/** From here on each zone follows its last rule, which looks at nothing but the calendar of the year. */
const firstRegular = 2101

const yearOf = (seconds: number): number => new Date(seconds * 1000).getUTCFullYear()

const startOf = (year: number): number => {
  const date = new Date(0)
  date.setUTCFullYear(year, 0, 1)
  return date.getTime() / 1000
}

/** One of 14: which day of the week a year begins with, and how many days it has. */
const calendarOf = (year: number): string =>
  `${(startOf(year) / day) % 7} ${(startOf(year + 1) - startOf(year)) / day}`

/** The first regular year of each calendar. */
const regular: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 28 }, (_, i) => firstRegular + 27 - i).map((year) => [
    calendarOf(year),
    year,
  ]),
)

/** The first second from which the offset is another one than at `from`; it is another one at `to`. */
const firstChange = (from: number, to: number, offsetAt: OffsetAt): number => {
  const before = offsetAt(from)
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle) === before) low = middle
    else high = middle
  }
  return high
}

const readYear = (year: number, offsetAt: OffsetAt): ZoneYear => {
  const transitions: Transition[] = []
  const step = year < firstWithSeasons ? longStride : stride
  const [start, end] = [startOf(year) - stride, startOf(year + 1) + stride]
  const first = offsetAt(start)
  let [last, before] = [start, first]
  while (last < end) {
    const next = Math.min(last + step, end)
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

/**
 * Gives the year that a second lies in. A zone is asked for the offsets of a few hundred years at most, and of each of them once:
 * older ones have no rules, and later ones are like one of 14 others.
 */
export const createZoneYears = (offsetAt: OffsetAt): ((seconds: number) => ShiftedYear) => {
  const years = new Map<number, ZoneYear>()
  const read = (year: number): ZoneYear => {
    const known = years.get(year)
    if (known !== undefined) return known
    const made = readYear(year, offsetAt)
    years.set(year, made)
    return made
  }
  return (seconds) => {
    const year = yearOf(seconds)
    if (year < firstWithRules) return { year: read(firstWithRules - 1), shift: 0 }
    const like = year < firstRegular ? undefined : regular.get(calendarOf(year))
    if (like === undefined) return { year: read(year), shift: 0 }
    return { year: read(like), shift: startOf(year) - startOf(like) }
  }
}
