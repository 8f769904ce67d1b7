// What lies in a folder, looked at without opening a file.
import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CatalogWarning } from '#query/catalog.ts'
import { ConnectorError } from '../errors.ts'
import { formatOf, formatRank, type NamedFile } from './format.ts'

export type ListedFile = NamedFile & {
  /** As it is called in the folder. */
  readonly name: string
  /** Its real path. */
  readonly path: string
  readonly bytes: number
  /** While this stays, so does the content. */
  readonly stamp: string
}

export type Listing = {
  readonly files: readonly ListedFile[]
  readonly warnings: readonly CatalogWarning[]
  /** Changes with every change of the folder. */
  readonly signature: string
}

const mostFiles = 1000

/** The engine would read these as patterns, or could not be told them. */
const isUnsafe = (name: string): boolean => /[*?[\]{}\\\p{Cc}]/u.test(name)

const fileAt = (folder: string, name: string, named: NamedFile): ListedFile | string => {
  if (isUnsafe(name)) return 'its name has one of the characters * ? [ ] { } \\'
  const path = realpathSync(join(folder, name))
  if (dirname(path) !== folder) return 'it is a link that leads out of the folder'
  const { size, mtimeMs, ino, dev } = statSync(path)
  return { ...named, name, path, bytes: size, stamp: `${dev}:${ino}:${size}:${mtimeMs}` }
}

/** One entry; a sentence says why it is no table, `undefined` that it does not look like one. */
const entryAt = (folder: string, name: string): ListedFile | string | undefined => {
  const named = name.startsWith('.') ? undefined : formatOf(name)
  if (named === undefined) return undefined
  try {
    const entry = lstatSync(join(folder, name))
    if (!entry.isFile() && !entry.isSymbolicLink()) return undefined
    const file = fileAt(folder, name, named)
    return typeof file === 'string' || file.bytes > 0 ? file : 'it is empty'
  } catch {
    // Taken away meanwhile, or a link to nothing.
    return 'it cannot be opened'
  }
}

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).sort()
  } catch (cause) {
    throw new ConnectorError('unavailable', 'The folder of the data source cannot be read.', {
      detail: cause instanceof Error ? cause.message : String(cause),
      cause,
    })
  }
}

/** One file a table name. The engine's names know no case, so neither does this. */
const withoutTwins = (found: readonly ListedFile[], warnings: CatalogWarning[]) => {
  const byTable = Map.groupBy(found, ({ table }) => table.toLowerCase())
  return [...byTable.values()].flatMap((twins): readonly ListedFile[] => {
    const [first, ...others] = twins.toSorted((a, b) => formatRank[a.format] - formatRank[b.format])
    for (const { name, table } of others)
      warnings.push({ table, message: `${name} is left out: ${first?.name} has the same name.` })
    return first === undefined ? [] : [first]
  })
}

/**
 * Lists the files of a folder that are tables, by name. What looks like one and cannot be one is a warning. Throws a
 * `ConnectorError` when the folder itself is gone.
 */
export const listFolder = (folder: string): Listing => {
  const warnings: CatalogWarning[] = []
  const found: ListedFile[] = []
  for (const name of namesIn(folder)) {
    const entry = entryAt(folder, name)
    if (typeof entry === 'string')
      warnings.push({ table: name, message: `${name} is left out: ${entry}.` })
    else if (entry !== undefined) found.push(entry)
  }
  const files = withoutTwins(found, warnings)
  if (files.length > mostFiles)
    warnings.push({ table: '', message: `Only the first ${mostFiles} files are served.` })
  const served = files.slice(0, mostFiles)
  const signature = JSON.stringify([served.map(({ name, stamp }) => [name, stamp]), warnings])
  return { files: served, warnings, signature }
}
