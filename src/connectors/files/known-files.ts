// What is known of the files of a folder. A file is looked into once, and again when it has changed. Where the process failed that
// did so, another one tries; a file that fails that one, too, is left out for a while, so that the others are served.
import type { Catalog, CatalogWarning } from '#query/catalog.ts'
import { type Ask, inspectFile, type Inspected, isDoubt, warningOf } from './inspect.ts'
import { listFolder, type ListedFile, type Listing } from './listing.ts'

/** How long a look at the folder counts, in milliseconds. */
const lookAgain = 1000

/** How long a file is left out that nobody could look into, in milliseconds. */
const doubtAgain = 60_000

export type KnownFiles = {
  /** Changes with the folder; looks at it, not into it. */
  readonly version: () => string
  readonly catalog: () => Promise<Catalog>
  /** The served files by the names of their tables. */
  readonly tables: () => Promise<ReadonlyMap<string, Inspected>>
}

type Contents = {
  readonly catalog: Catalog
  readonly tables: ReadonlyMap<string, Inspected>
  /** Whether a file is left out without being known to be unreadable. */
  readonly isDoubtful: boolean
}

type Outcome = Inspected | { readonly warning: CatalogWarning; readonly isDoubtful: boolean }

/** `hasKey`: whether the data owner names a key for a table; `now`: milliseconds. */
export const createKnownFiles = (
  folder: string,
  hasKey: (table: string) => boolean,
  ask: Ask,
  now: () => number = () => performance.now(),
): KnownFiles => {
  let remembered = new Map<string, Inspected>()
  let seen: { readonly listing: Listing; readonly at: number } | undefined
  let current: { readonly version: string; readonly contents: Promise<Contents> } | undefined
  /** How often doubts were looked into again, and when the next time is. */
  let [doubts, doubtUntil] = [0, Infinity]

  const look = (): Listing => {
    if (seen === undefined || now() - seen.at > lookAgain)
      seen = { listing: listFolder(folder), at: now() }
    return seen.listing
  }

  const version = (): string => {
    if (now() >= doubtUntil) [doubts, doubtUntil] = [doubts + 1, Infinity]
    const { signature } = look()
    return doubts === 0 ? signature : `${signature} ${doubts}`
  }

  const lookInto = (file: ListedFile): Promise<Inspected> =>
    inspectFile(file, hasKey(file.table), ask)

  const inspect = async (file: ListedFile): Promise<Outcome> => {
    try {
      const known = remembered.get(`${file.path}:${file.stamp}`)
      if (known !== undefined) return known
      return await lookInto(file).catch((error: unknown) => {
        if (isDoubt(error)) return lookInto(file)
        throw error
      })
    } catch (error) {
      return { warning: warningOf(file, error), isDoubtful: isDoubt(error) }
    }
  }

  const inspectAll = async ({ files, warnings }: Listing): Promise<Contents> => {
    const tables = new Map<string, Inspected>()
    const found = [...warnings]
    const kept = new Map<string, Inspected>()
    let isDoubtful = false
    for (const file of files) {
      const outcome = await inspect(file)
      if ('warning' in outcome) {
        found.push(outcome.warning)
        isDoubtful ||= outcome.isDoubtful
      } else {
        tables.set(file.table, outcome)
        kept.set(`${file.path}:${file.stamp}`, outcome)
      }
    }
    remembered = kept
    const catalog = { tables: [...tables.values()].map(({ table }) => table), warnings: found }
    return { catalog, tables, isDoubtful }
  }

  const contents = (): Promise<Contents> => {
    const wanted = version()
    if (current?.version === wanted) return current.contents
    const fresh = { version: wanted, contents: inspectAll(look()) }
    current = fresh
    fresh.contents.then(
      ({ isDoubtful }) => {
        if (current === fresh) doubtUntil = isDoubtful ? now() + doubtAgain : Infinity
      },
      // What failed is tried again by the next one who asks.
      () => {
        if (current === fresh) current = undefined
      },
    )
    return fresh.contents
  }

  return {
    version,
    catalog: async () => (await contents()).catalog,
    tables: async () => (await contents()).tables,
  }
}
