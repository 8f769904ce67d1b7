import { randomUUID } from 'node:crypto'
import type { Catalog } from '#query/catalog.ts'

/** Milliseconds after which a catalog that is in use is compared with the database's; sooner when a read finds it wrong. */
const freshFor = 60_000
const freshForDoubted = 1000

export type CatalogWatch = {
  /** Another one once the catalog is known to have changed; then the new one is there already. */
  readonly version: () => string
  readonly catalog: () => Promise<Catalog>
  /** A read has found that a table or column is not what the catalog says. */
  readonly doubt: () => void
}

type Described = { readonly catalog: Catalog; readonly fingerprint: string }

/**
 * Knows the catalog without asking for it on every request: it is compared in the background while it is used, and described
 * anew, aside, when it has changed. Until then the one before is served.
 * @param ask.fingerprint a short text that changes with the catalog
 * @param now milliseconds that never run backward
 */
export const createCatalogWatch = (
  ask: {
    readonly describe: () => Promise<Described>
    readonly fingerprint: () => Promise<string>
  },
  now: () => number,
): CatalogWatch => {
  const instance = randomUUID()
  let described: Described | undefined
  let describing: Promise<Described> | undefined
  let checking = false
  let seenAt = 0
  let changes = 0

  const describe = (): Promise<Described> => {
    describing ??= ask.describe().finally(() => {
      describing = undefined
    })
    return describing
  }
  const compare = async (): Promise<void> => {
    if (described === undefined || (await ask.fingerprint()) === described.fingerprint) return
    described = await describe()
    changes++
  }
  const check = (age: number): void => {
    if (checking || described === undefined || now() - seenAt < age) return
    checking = true
    seenAt = now()
    // A database that cannot be asked now is asked again later; who reads from it is told.
    void compare()
      .catch(() => undefined)
      .finally(() => {
        checking = false
      })
  }

  return {
    version: () => {
      check(freshFor)
      return `${instance}:${changes}`
    },
    catalog: async () => {
      if (described === undefined) {
        described = await describe()
        seenAt = now()
      }
      return described.catalog
    },
    doubt: () => check(freshForDoubted),
  }
}
