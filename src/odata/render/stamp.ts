// Points in time as OData has them: always with an offset, since readers such as Power Query refuse one without (odata-expectations 3.1).
import type { TimeZone } from '#lib/time-zone.ts'
import type { Property } from '../edm/model.ts'

/** A stamp as it is served. */
export const isoStamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,12})?Z$/
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

const isoOf = (seconds: number): string => new Date(seconds * 1000).toISOString()

/** An instant, in GMT. */
const inGreenwich = (text: string): string | undefined => {
  if (isoStamp.test(text)) return text
  const parts = partsOf(text)
  const iso = parts && isoOf(parts.seconds)
  return iso?.length === 24 ? `${iso.slice(0, 19)}${parts?.fraction}Z` : undefined
}

const two = (n: number): string => String(n).padStart(2, '0')

/** An instant with the offset of a zone. One of odd seconds, as before there were zones, has no spelling: then it is GMT. */
const withOffset = (instant: number, fraction: string, zone: TimeZone): string | undefined => {
  const offset = zone.offsetAt(instant)
  const told = offset % 60 === 0 ? offset : 0
  const iso = isoOf(instant + told)
  if (iso.length !== 24) return undefined
  const minutes = Math.abs(told) / 60
  const end =
    told === 0
      ? 'Z'
      : `${told < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return `${iso.slice(0, 19)}${fraction}${end}`
}

/**
 * Makes the function that spells a stamp: in GMT, or where the property is read in a zone, with the offset of that. It gives `undefined`
 * for what is no stamp of the years 0001 to 9999.
 */
export const createStampRenderer = ({
  zone,
  zoneless,
}: Pick<Property, 'zone' | 'zoneless'>): ((text: string) => string | undefined) => {
  if (zone === undefined) return inGreenwich
  return (text) => {
    const parts = partsOf(text)
    if (parts === undefined) return undefined
    const { seconds, fraction, names } = parts
    const isInstant = names && zoneless === 'by-value'
    return withOffset(isInstant ? seconds : zone.instantOf(seconds), fraction, zone)
  }
}
