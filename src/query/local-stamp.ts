import { findTimeZone } from '#lib/time-zone.ts'
import { notSupported } from '#odata/errors.ts'
import type { Value } from './plan.ts'

const named = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i

/**
 * The local time in a zone of a stamp that names a zone of its own; one that does not is local already and stays as it is. Throws
 * 501 for the second of two hours that the clock shows twice, which a local time cannot tell from the first.
 */
export const localStamp = (value: Value, zoneId: Value): Value => {
  const found = typeof value === 'string' ? named.exec(value) : null
  const zone = findTimeZone(String(zoneId))
  if (found === null || zone === undefined) return value
  const [, date, clock, second = ':00', own = 'Z'] = found
  const instant = Date.parse(`${date}T${clock}${second.slice(0, 3)}${own.toUpperCase()}`) / 1000
  if (Number.isNaN(instant)) return value
  const { local, exact } = zone.localsOf(instant)
  if (!exact)
    throw notSupported(
      `comparing a stamp that names its own zone in an hour that the clock of ${zone.id} shows twice (timezone=GMT can)`,
    )
  return new Date(local * 1000).toISOString().slice(0, 19).replace('T', ' ') + second.slice(3)
}
