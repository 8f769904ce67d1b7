// Another way from local times to instants than the one under test: what a clock shows, field by field, hour by hour.
const clocks = new Map<string, Intl.DateTimeFormat>()

const clockOf = (zone: string): Intl.DateTimeFormat => {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  const fields = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
  const shown = Object.fromEntries(fields.map((field) => [field, 'numeric']))
  const clock = new Intl.DateTimeFormat('en-US', { ...shown, timeZone: zone, hourCycle: 'h23' })
  clocks.set(zone, clock)
  return clock
}

/** Seconds east of Greenwich at an instant, both in seconds. */
export const shownOffset = (zone: string, instant: number): number => {
  const parts = clockOf(zone).formatToParts(instant * 1000)
  const part = (type: string): number => Number(parts.find((found) => found.type === type)?.value)
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return shown / 1000 - instant
}

/** What java.time makes of a local time: the earlier of two; one that no clock shows is moved by the length of the gap. */
export const javaInstant = (zone: string, local: number): number => {
  const offsets = new Set<number>()
  for (let hours = -50; hours <= 50; hours++) offsets.add(shownOffset(zone, local + hours * 3600))
  const shown = [...offsets].map((offset) => local - offset)
  const right = shown.filter((instant) => instant + shownOffset(zone, instant) === local)
  if (right.length > 0) return Math.min(...right)
  return local - shownOffset(zone, local - Math.max(...offsets))
}
