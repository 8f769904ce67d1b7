// What is known of the files of a folder. A file is looked into once, and again when it has changed.
import type { Catalog, CatalogWarning } from '#query/catalog.ts'
import { type Ask, inspectFile, type Inspected, warningOf } from './inspect.ts'
import { listFolder, type ListedFile, type Listing } from './listing.ts'

/** How long a look at the folder counts, in milliseconds. */
const lookAgain = 1000

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
}

/** `hasKey`: whether the data owner names a key for a table; `now`: milliseconds. */
export const createKnownFiles = (
  folder: string,
  hasKey: (table: string) => boolean,
  ask: Ask,
  now: () => number = () => performance.now(),
): KnownFiles => {
  let remembered = new Map<string, Inspected>()
  let seen: { readonly listing: Listing; readonly at: number } | undefined
  let current: { readonly signature: string; readonly contents: Promise<Contents> } | undefined

  const look = (): Listing => {
    if (seen === undefined || now() - seen.at > lookAgain)
      seen = { listing: listFolder(folder), at: now() }
    return seen.listing
  }

  const inspect = async (file: ListedFile): Promise<Inspected | CatalogWarning> => {
    try {
      return (
        remembered.get(`${file.path}:${file.stamp}`) ??
        (await inspectFile(file, hasKey(file.table), ask))
      )
    } catch (error) {
      return warningOf(file, error)
    }
  }

  const inspectAll = async ({ files, warnings }: Listing): Promise<Contents> => {
    const tables = new Map<string, Inspected>()
    const found = [...warnings]
    const kept = new Map<string, Inspected>()
    for (const file of files) {
      const outcome = await inspect(file)
      if ('message' in outcome) found.push(outcome)
      else {
        tables.set(file.table, outcome)
        kept.set(`${file.path}:${file.stamp}`, outcome)
      }
    }
    remembered = kept
    const catalog = { tables: [...tables.values()].map(({ table }) => table), warnings: found }
    return { catalog, tables }
  }

  const contents = (): Promise<Contents> => {
    const listing = look()
    if (current?.signature === listing.signature) return current.contents
    const fresh = { signature: listing.signature, contents: inspectAll(listing) }
    current = fresh
    // What failed is tried again by the next one who asks.
    fresh.contents.catch(() => {
      if (current === fresh) current = undefined
    })
    return fresh.contents
  }

  return {
    version: () => look().signature,
    catalog: async () => (await contents()).catalog,
    tables: async () => (await contents()).tables,
  }
}
