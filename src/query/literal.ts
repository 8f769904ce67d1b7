// Literals of a request as values of a plan.
import type { BoundLiteral } from '#odata/bind/bound.ts'
import { notSupported } from '#odata/errors.ts'
import type { Value } from './plan.ts'
import { durationSeconds } from './temporal.ts'

const maxInt64 = 2n ** 63n - 1n

/** Decimals beyond this many digits are not compared exactly by engines that keep them as doubles. */
const exactDigits = 15

/** A decimal literal as a value that compares exactly, or a refusal (DESIGN invariant 23). */
const decimalValue = (text: string, position: number): Value => {
  const [whole = '', fraction = ''] = text.split('.')
  if (/^0*$/.test(fraction)) {
    const integer = BigInt(whole)
    if (integer <= maxInt64 && integer >= -maxInt64) return integer
  }
  const digits = (whole.replace('-', '') + fraction).replace(/^0+/, '').length
  if (digits > exactDigits)
    throw notSupported(`decimal literals of more than ${exactDigits} digits`, {
      target: 'the URL',
      position,
    })
  return Number(text)
}

/** The value of a literal as sources take it. Throws `ODataError` where it could not be compared exactly. */
export const literalValue = ({ type, value, at }: BoundLiteral): Value => {
  if (typeof value !== 'string') return value
  if (type === 'Edm.Decimal') return decimalValue(value, at)
  if (type === 'Edm.Duration') return durationSeconds(value)
  return type === 'Edm.Binary' ? Buffer.from(value, 'base64url') : value
}
