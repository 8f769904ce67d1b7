import { days, hours, minutes, seconds } from '#lib/clock.ts'
import { ManagementError, refusals } from '../refusals.ts'

const units = { s: seconds, m: minutes, h: hours, d: days } as const
const longest = days(30)

const refuse = (explanation: string): ManagementError =>
  new ManagementError(refusals.applicationNotReset, explanation)

const howToWrite =
  'overlap is a whole number from 1 second to 30 days: 3600 (seconds), 90s, 15m, 12h or 30d.'

/**
 * How long the old secret stays valid beside the new one, from the query of a reset: `3600`, `90s`, `15m`, `12h`, `30d`.
 * Answers milliseconds, or undefined for a reset that ends everything. Refuses anything else with what would be right,
 * also another spelling of the name: who misspells it must not end all access instead.
 */
export const readOverlap = (query: ReadonlyMap<string, string>): number | undefined => {
  for (const name of query.keys())
    if (name !== 'overlap' && name.toLowerCase().includes('overlap'))
      throw refuse('The parameter is called overlap, in small letters.')
  const text = query.get('overlap')
  if (text === undefined) return undefined
  const [, digits, unit = 's'] = /^([1-9]\d{0,6})([smhd])?$/.exec(text) ?? []
  const time = units[unit as keyof typeof units](Number(digits))
  // Not a number: the text did not match.
  if (!(time <= longest)) throw refuse(howToWrite)
  return time
}
