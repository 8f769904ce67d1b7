// The time zone of a request: what a time stamp without a zone is taken for (data access reference A.11).
import { findTimeZone, type TimeZone, timeZoneNames } from '#lib/time-zone.ts'
import { suggestion } from './bind/scope.ts'
import { badRequest } from './errors.ts'

/** Why a text is no zone, and what would be one. */
export const timeZoneFault = (id: string): string =>
  `There is no time zone '${id.slice(0, 64)}'.${suggestion(id, timeZoneNames())} Give a name of the tz database (Europe/Berlin), GMT, or an offset (+02:00).`

/** The zone of an id. Throws 400 where there is none. */
export const requireTimeZone = (id: string, target: string): TimeZone => {
  const found = findTimeZone(id)
  if (found === undefined) throw badRequest(timeZoneFault(id), { target })
  return found
}

/** Whether stamps without a zone are GMT anyhow, as everything is that has none to be told. */
export const isGreenwich = ({ isFixed, offsetAt }: TimeZone): boolean =>
  isFixed && offsetAt(0) === 0
