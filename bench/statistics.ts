const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)

/** The value below which the given share of the values lies; 0 of none. */
export const percentile = (values: readonly number[], share: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0

/** The middle value; of an even number, the mean of the middle two. */
export const median = (values: readonly number[]): number => {
  const ordered = sorted(values)
  const middle = ordered.length / 2
  return Number.isInteger(middle)
    ? ((ordered[middle - 1] ?? 0) + (ordered[middle] ?? 0)) / 2
    : (ordered[Math.floor(middle)] ?? 0)
}
