// Points in time as OData has them: always with an offset, since readers such as Power Query refuse one without (odata-expectations 3.1).
import type { TimeZone } from '#lib/time-zone.ts'
import type { Property } from '../edm/model.ts'

/** A stamp as it is served. The calendar of clients such as .NET has no year 0. */
export const isoStamp = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,12})?Z$/
const looseStamp = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d{1,12})?(Z|[+-]\d\d:\d\d)?)?$/i

type Parts = { readonly seconds: number; readonly fraction: string; readonly names: boolean }

/** Seconds since 1970 of a text whose zone, if it names one, counts; else as if it were GMT. `undefined` where it is no stamp. */
const partsOf = (text: string): Parts | undefined => {
  const found = looseStamp.exec(text)
  if (found === null) return undefined
  const [, date, clock = '00:00', second = ':00', fraction = '', zone] = found
  const instant = Date.parse(`${date}T${clock}${second}${(zone ?? 'Z').toUpperCase()}`)
  if (Number.isNaN(instant)) return undefined
  return { seconds: instant / 1000, fraction, names: zone !== undefined }
}

const [earliest, latest] = [
  Date.parse('0001-01-01T00:00:00Z') / 1000,
  Date.parse('9999-12-31T23:59:59Z') / 1000,
]

/** Whether it lies in the years 0001 to 9999, in Greenwich for an instant, else on the spot. */
const isDated = (seconds: number): boolean => seconds >= earliest && seconds <= latest

const clockAt = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 19)

/** An instant, in GMT. */
const inGreenwich = (text: string): string | undefined => {
  if (isoStamp.test(text)) return text
  const parts = partsOf(text)
  return parts && isDated(parts.seconds) ? `${clockAt(parts.seconds)}${parts.fraction}Z` : undefined
}

const two = (n: number): string => String(n).padStart(2, '0')

/**
 * An instant with the offset of a zone. One of odd seconds, as before there were zones, has no spelling: then it is GMT, as it is where
 * the clock of the zone shows a year that there is not.
 */
const withOffset = (instant: number, fraction: string, zone: TimeZone): string => {
  const offset = zone.offsetAt(instant)
  const told = offset % 60 === 0 && isDated(instant + offset) ? offset : 0
  const minutes = Math.abs(told) / 60
  const end =
    told === 0
      ? 'Z'
      : `${told < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return `${clockAt(instant + told)}${fraction}${end}`
}

/**
 * Makes the function that spells a stamp: in GMT, or where the property is read in a zone, with the offset of that. It gives `undefined`
 * for what is no stamp of the years 0001 to 9999. A local time of those whose instant is in another year is served as GMT: it is one
 * that means no date, or for ever, and clients could not read the instant.
 */
export const createStampRenderer = ({
  zone,
  zoneless,
}: Pick<Property, 'zone' | 'zoneless'>): ((text: string) => string | undefined) => {
  if (zone === undefined) return inGreenwich
  return (text) => {
    const parts = partsOf(text)
    if (parts === undefined || !isDated(parts.seconds)) return undefined
    const { seconds, fraction, names } = parts
    const isInstant = names && zoneless === 'by-value'
    const instant = isInstant ? seconds : zone.instantOf(seconds)
    return isDated(instant)
      ? withOffset(instant, fraction, zone)
      : `${clockAt(seconds)}${fraction}Z`
  }
}
