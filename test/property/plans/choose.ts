// Decisions as a list of numbers: what is built of them grows with the list, and shrinks with it.
import fc from 'fast-check'

export type Choose = {
  /** A number from 0 on, below the bound. */
  readonly below: (bound: number) => number
  readonly of: <T>(list: readonly T[]) => T
  /** Whether what is wanted in so many cases of a hundred is wanted. */
  readonly often: (percent: number) => boolean
  /** So many things, from the least to the most. */
  readonly some: <T>(least: number, most: number, make: (i: number) => T) => readonly T[]
  /** A few of the list, each once, in the order of the list. */
  readonly few: <T>(list: readonly T[], percent: number) => readonly T[]
}

export const choices = fc.array(fc.nat(9999), { maxLength: 250, size: 'max' })

/** What is not decided any more is decided as 0, which stands for the simplest. */
export const chooseBy = (numbers: readonly number[]): Choose => {
  let at = 0
  const below = (bound: number): number => (numbers[at++] ?? 0) % bound
  const often = (percent: number): boolean => below(100) >= 100 - percent
  return {
    below,
    often,
    of: (list) => {
      const found = list[below(list.length)]
      if (found === undefined) throw new TypeError('Nothing to choose from')
      return found
    },
    some: (least, most, make) =>
      Array.from({ length: least + below(most - least + 1) }, (_, i) => make(i)),
    few: (list, percent) => list.filter(() => often(percent)),
  }
}
