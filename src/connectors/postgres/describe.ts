import { setImmediate as turn } from 'node:timers/promises'
import type { Catalog } from '#query/catalog.ts'
import type { Row } from '#query/plan.ts'
import { ConnectorError } from '../errors.ts'
import { catalogOf, catalogQueries, type CatalogQuery, fingerprintQuery } from './introspect.ts'
import type { ReadRows } from './reads.ts'

const never = new AbortController().signal

const noSchema = (schema: string): ConnectorError =>
  new ConnectorError(
    'rejected',
    `Schema: the database has no schema '${schema}' that the user of this data source may use.`,
  )

/** Asks the database for the catalog of a schema, and for what tells whether it has changed. Throws `ConnectorError`. */
export const createDescriber = (read: ReadRows, schema: string) => {
  const gather = async ({ text, outputs }: CatalogQuery): Promise<readonly Row[]> => {
    const found: Row[] = []
    for await (const rows of read(() => ({ text, outputs, values: [schema], few: false }), never)) {
      found.push(...rows)
      // Ten thousand tables are many rows; other requests go on between them.
      await turn()
    }
    return found
  }
  const fingerprint = async (): Promise<string> => String((await gather(fingerprintQuery))[0]?.[0])

  const describe = async (): Promise<{
    readonly catalog: Catalog
    readonly fingerprint: string
  }> => {
    const [usable] = await gather(catalogQueries.schema)
    if (usable?.[0] !== true) throw noSchema(schema)
    // First: what changes meanwhile is then seen as a change.
    const seen = await fingerprint()
    const columns = await gather(catalogQueries.columns)
    const keys = await gather(catalogQueries.keys)
    const indexes = await gather(catalogQueries.indexes)
    return { fingerprint: seen, catalog: catalogOf({ columns, keys, indexes }) }
  }
  return { describe, fingerprint }
}
