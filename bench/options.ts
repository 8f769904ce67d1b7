import type { Rounds } from './compare.ts'

/** How much is measured. */
export type Extent = {
  readonly rounds: Rounds
  /** Of the stores of different sizes, which are many. */
  readonly growthRounds: Rounds
  readonly sizes: { readonly sqlite: readonly number[]; readonly postgres: readonly number[] }
  /** Tenants of the larger store of the lists, and how often each list is asked for. */
  readonly lists: { readonly tenants: number; readonly rounds: number }
  /** Rows of a long result, and of the results that memory is measured with. */
  readonly data: {
    readonly rows: number
    readonly tables: readonly number[]
    readonly files: readonly number[]
    /** Rows that are read at each size of the latter. */
    readonly least: number
  }
  readonly starts: number
  /** Milliseconds before the memory of an idle server is read. */
  readonly idle: number
  /** Milliseconds for the disk. */
  readonly syncs: number
}

const full: Extent = {
  rounds: { count: 5, milliseconds: 1000, warmUp: 1000 },
  growthRounds: { count: 3, milliseconds: 500, warmUp: 500 },
  sizes: { sqlite: [1e3, 1e4, 1e5], postgres: [1e3, 1e5] },
  lists: { tenants: 500, rounds: 40 },
  data: {
    rows: 1e5,
    tables: [1e3, 1e4, 1e5, 1e6],
    files: [1e3, 1e4, 1e5, 1e6, 3e6],
    least: 2e5,
  },
  starts: 5,
  idle: 5000,
  syncs: 1000,
}

const large: Extent = {
  ...full,
  growthRounds: { count: 5, milliseconds: 1000, warmUp: 1500 },
  sizes: { sqlite: [1e3, 1e4, 1e5, 1e6, 1e7], postgres: [1e3, 1e4, 1e5, 1e6] },
  data: { ...full.data, tables: full.data.files },
}

/** Departures that the tables must have. */
export const departureCount = ({ data }: Extent): number => Math.max(data.rows, ...data.tables)

const quick: Extent = {
  rounds: { count: 1, milliseconds: 200, warmUp: 100 },
  growthRounds: { count: 1, milliseconds: 200, warmUp: 100 },
  sizes: { sqlite: [1e3], postgres: [1e3] },
  lists: { tenants: 10, rounds: 3 },
  data: { rows: 1e4, tables: [1e3, 1e4], files: [1e3, 1e4], least: 1e4 },
  starts: 1,
  idle: 200,
  syncs: 100,
}

/** What was asked for is not there; the message is one sentence that says what is. */
export class WrongOption extends Error {}

export type Options = {
  readonly extent: Extent
  readonly quick: boolean
  /** The names of the sections that are wanted must hold one of them; all are wanted when there is none. */
  readonly only: readonly string[]
}

/** Reads `--quick`, `--growth` and `--only <word>` (as often as wanted). Throws `WrongOption` for anything else. */
export const parseOptions = (words: readonly string[]): Options => {
  const only: string[] = []
  let extent = full
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]
    if (word === '--quick') extent = quick
    else if (word === '--growth') extent = large
    else if (word === '--only' && words[index + 1] !== undefined)
      only.push(words[(index += 1)] ?? '')
    else
      throw new WrongOption(
        `'${word}' is not understood; there are --quick, --growth and --only <word of a section>.`,
      )
  }
  return { extent, quick: extent === quick, only }
}
