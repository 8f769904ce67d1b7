const text =
  /^P(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?)(\d+)(?:\.(\d{1,6})\d*)?S)?)?$/

/** `90061.5` as `PT90061.5S`; a sign stands before the P (CSDL 4.4, dayTimeDuration). */
export const durationOf = (digits: string, isNegative: boolean): string =>
  `${isNegative ? '-' : ''}PT${digits}S`

/**
 * A duration that a store wrote in ISO 8601, each part of which may have its own sign (`P1DT-2H`), in seconds. `undefined` for what
 * is none, and for one of months or years, which have no length of their own.
 */
export const durationFromText = (written: string): string | undefined => {
  const found = text.exec(written)
  if (found === null || written.endsWith('P') || written.endsWith('T')) return undefined
  const [, weeks = 0, days = 0, hours = 0, minutes = 0, sign, seconds = '0', fraction = ''] = found
  const rest = BigInt(seconds + fraction.padEnd(6, '0'))
  const whole = BigInt(weeks) * 604_800n + BigInt(days) * 86_400n + BigInt(hours) * 3600n
  const micros = (whole + BigInt(minutes) * 60n) * 1_000_000n + (sign === '-' ? -rest : rest)
  const size = micros < 0n ? -micros : micros
  const parts = String(size % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '')
  return durationOf(`${size / 1_000_000n}${parts === '' ? '' : `.${parts}`}`, micros < 0n)
}
