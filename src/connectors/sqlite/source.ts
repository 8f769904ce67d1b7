import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { functions, isFunctionName } from '#odata/functions.ts'
import type { Catalog, Table } from '#query/catalog.ts'
import type { ReadPlan, ReadShape, Row, Value } from '#query/plan.ts'
import { typeOf } from '#query/plan.ts'
import { compileCount, compileRead } from '#sql/compile.ts'
import { dialects } from '#sql/dialects/index.ts'
import type { Statement } from '#sql/fragment.ts'
import type { Source } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import { isBoundedRead } from './bounded.ts'
import { bindable, openReadOnly, prepareRows } from './connection.ts'
import { describeDatabase } from './introspect.ts'
import { fileIdentity } from './open-file.ts'
import type { ReaderPool } from './reader-pool.ts'

type Prepared = ReturnType<typeof prepareRows>

/** Everything that belongs to one opened file and dies with it. */
type Opened = {
  readonly db: DatabaseSync
  readonly identity: string
  readonly schemaVersion: StatementSync
  readonly statements: Map<string, Prepared>
  catalog: { readonly version: string; readonly value: Catalog } | undefined
}

const mostStatements = 200

const capabilities = {
  functions: new Set(Object.keys(functions).filter(isFunctionName)),
  filter: true,
}

const unavailable = (cause: unknown): ConnectorError =>
  new ConnectorError('unavailable', 'The database file cannot be read.', {
    detail: cause instanceof Error ? cause.message : String(cause),
    cause,
  })

const openFile = (file: string): Opened => {
  const identity = fileIdentity(file)
  try {
    // No waiting for locks inside the server: a locked file is read by a process instead.
    const db = openReadOnly(file, 0)
    const schemaVersion = db.prepare('PRAGMA schema_version')
    schemaVersion.get()
    return { db, identity, schemaVersion, statements: new Map(), catalog: undefined }
  } catch (cause) {
    throw unavailable(cause)
  }
}

/** The least recently used statement makes room. */
const statementOf = (opened: Opened, text: string, exact: boolean): Prepared => {
  const known = opened.statements.get(text)
  if (known !== undefined) return known
  const prepared = prepareRows(opened.db, text, exact)
  if (opened.statements.size >= mostStatements) {
    const oldest = opened.statements.keys().next()
    if (!oldest.done) opened.statements.delete(oldest.value)
  }
  opened.statements.set(text, prepared)
  return prepared
}

const needsExact = ({ outputs }: ReadShape): boolean =>
  outputs.some((output) => ['Edm.Int64', 'Edm.Decimal'].includes(typeOf(output) ?? ''))

type Compiled = { readonly statement: Statement; readonly exact: boolean }

/** Opens a database file as a source. */
export const openSqliteSource = (file: string, readers: ReaderPool): Source => {
  let current: Opened | undefined = openFile(file)
  let closed = false
  const shapes = new WeakMap<ReadShape, Compiled>()

  const opened = (): Opened => {
    if (closed) throw unavailable('the source is closed')
    if (current !== undefined && current.identity === fileIdentity(file)) return current
    current?.db.close()
    current = undefined
    current = openFile(file)
    return current
  }
  const versionOf = ({ identity, schemaVersion }: Opened): string =>
    `${identity}:${String(schemaVersion.get()?.['schema_version'])}`
  const catalogOf = (from: Opened): Catalog => {
    const version = versionOf(from)
    if (from.catalog?.version !== version) {
      from.catalog = { version, value: describeDatabase(from.db) }
    }
    return from.catalog.value
  }
  const tableOf = (from: Opened, name: string): Table | undefined =>
    catalogOf(from).tables.find((table) => table.name === name)
  const compiled = (shape: ReadShape): Compiled => {
    const known = shapes.get(shape)
    if (known !== undefined) return known
    const fresh = { statement: compileRead(shape, dialects.sqlite), exact: needsExact(shape) }
    shapes.set(shape, fresh)
    return fresh
  }
  const valuesOf = (statement: Statement, values: readonly Value[]): readonly Value[] =>
    statement.slots.map((slot) => values[slot] ?? null)

  const readHere = (from: Opened, plan: ReadPlan): readonly Row[] | undefined => {
    const { statement, exact } = compiled(plan.shape)
    try {
      const prepared = statementOf(from, statement.text, exact)
      return prepared.all(valuesOf(statement, plan.values).map(bindable))
    } catch {
      // Locked, or changed since: a process may wait and reports what is wrong.
      from.statements.delete(statement.text)
      return undefined
    }
  }
  const readThere = (
    from: Opened,
    { statement, exact }: Compiled,
    plan: ReadPlan,
    signal: AbortSignal,
  ) =>
    readers.read(
      {
        kind: 'read',
        file,
        identity: from.identity,
        text: statement.text,
        values: valuesOf(statement, plan.values),
        exact,
      },
      signal,
    )
  const read = async function* (
    plan: ReadPlan,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Row[]> {
    signal.throwIfAborted()
    const from = opened()
    const here = isBoundedRead(plan, tableOf(from, plan.shape.table))
      ? readHere(from, plan)
      : undefined
    if (here === undefined) yield* readThere(from, compiled(plan.shape), plan, signal)
    else yield here
  }
  const count = async (plan: ReadPlan, signal: AbortSignal): Promise<bigint> => {
    const statement = compileCount(plan.shape, dialects.sqlite)
    let total = 0n
    for await (const rows of readThere(opened(), { statement, exact: true }, plan, signal))
      total = rows[0]?.[0] as bigint
    return total
  }
  return {
    capabilities,
    version: () => versionOf(opened()),
    describe: async () => catalogOf(opened()),
    read,
    count,
    close: async () => {
      closed = true
      current?.db.close()
      current = undefined
    },
  }
}
