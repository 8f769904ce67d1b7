import Type from 'typebox'
import { days, hours, minutes, seconds } from '#lib/clock.ts'
import type { Parameter } from '../parameters.ts'

const units = { s: seconds, m: minutes, h: hours, d: days } as const
const longest = days(30)

/** Milliseconds of `3600` (seconds), `90s`, `15m`, `12h` or `30d`; undefined for anything else, and beyond 30 days. */
export const parseOverlap = (text: string): number | undefined => {
  const [, digits, unit = 's'] = /^([1-9]\d{0,6})([smhd])?$/.exec(text) ?? []
  const time = units[unit as keyof typeof units](Number(digits))
  // Not a number: the text did not match.
  return time <= longest ? time : undefined
}

/** How long the old secret stays valid beside the new one; without it a reset ends everything. */
export const overlap: Parameter<number> = {
  summary:
    'How long the old secret stays valid, while nothing ends: 3600 (seconds), 90s, 15m, 12h, 30d',
  schema: Type.String({ pattern: '^[1-9][0-9]{0,6}[smhd]?$' }),
  fault: 'is a whole number from 1 second to 30 days: 3600 (seconds), 90s, 15m, 12h or 30d',
  parse: parseOverlap,
}
