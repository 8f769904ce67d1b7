// An opened database file and what is remembered of it.
import { statSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Refusal } from '#lib/refusal.ts'
import { runInSlices } from '#lib/slices.ts'
import type { Catalog, Table } from '#query/catalog.ts'
import type { Cell } from '#query/plan.ts'
import { ConnectorError } from '../errors.ts'
import { openReadOnly, prepareRows } from './connection.ts'
import { describeSteps, describeTable } from './introspect.ts'

export type Prepared = ReturnType<typeof prepareRows>

/** Everything that belongs to one opened file and dies with it. */
export type OpenedFile = {
  readonly db: DatabaseSync
  readonly identity: string
  /** Whether another file has taken the name. */
  readonly isReplaced: () => boolean
  /** Changes with the schema. */
  readonly version: () => string
  /** Everything, in slices; as of the version at its end. Throws what `unavailable` makes. */
  readonly describe: (onShare?: (share: number) => void) => Promise<Catalog>
  /** As of the last time that the version was asked for. */
  readonly table: (name: string) => Table | undefined
  /** Lets the reads until the end of this turn of the event loop see one state of the file. */
  readonly share: () => void
  readonly statement: (text: string, exact: boolean) => Prepared
  readonly forget: (text: string) => void
  /** What SQLite would do for a statement, in its own words (EXPLAIN QUERY PLAN). */
  readonly steps: (text: string) => readonly string[]
  /** Lowest and highest row id; `undefined` for an empty table. */
  readonly rowIds: (table: string, column: string) => readonly [bigint, bigint] | undefined
}

const mostStatements = 200

/** Bytes of a row that the server itself reads; a process reads larger ones. */
const largestRow = 1_000_000

/** A file written to less than this many milliseconds ago may change again within its time stamp. */
const stampGrain = 50

export const unavailable = (cause: unknown): ConnectorError =>
  new ConnectorError('unavailable', 'The database file cannot be read.', {
    detail: cause instanceof Error ? cause.message : String(cause),
    cause,
  })

/**
 * Reads of one turn of the event loop share a transaction: for a read by key, taking and giving back SQLite's
 * locks (a handful of system calls) costs more than the read itself. It ends with the turn.
 */
const createSharedReads = (db: DatabaseSync) => {
  const [begin, rollback] = [db.prepare('BEGIN'), db.prepare('ROLLBACK')]
  // Nothing was written; unlike a commit, rolling back cannot fail and leave the locks behind.
  const end = (): void => {
    if (db.isOpen && db.isTransaction) rollback.run()
  }
  const share = (): void => {
    if (db.isTransaction) return
    begin.run()
    setImmediate(end)
  }
  return { share, areShared: () => db.isTransaction }
}

type Glance = { readonly identity: string; readonly signature: string; readonly settled: boolean }

/** One look at the file and its write-ahead log. While the signature stays, so does the content. */
const glanceAt = (file: string): Glance => {
  const main = statSync(file, { throwIfNoEntry: false })
  if (main === undefined) return { identity: 'missing', signature: 'missing', settled: false }
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false })
  const identity = `${main.dev}:${main.ino}`
  const written = Math.max(main.mtimeMs, log?.mtimeMs ?? 0)
  return {
    identity,
    signature: `${identity}:${main.mtimeMs}:${main.size}:${log?.mtimeMs}:${log?.size}`,
    settled: Date.now() - written > stampGrain,
  }
}

/** The least recently prepared statement makes room. */
const createStatements = (db: DatabaseSync) => {
  const statements = new Map<string, Prepared>()
  const statement = (text: string, exact: boolean): Prepared => {
    const known = statements.get(text)
    if (known !== undefined) return known
    const prepared = prepareRows(db, text, exact)
    const oldest = statements.keys().next()
    if (statements.size >= mostStatements && !oldest.done) statements.delete(oldest.value)
    statements.set(text, prepared)
    return prepared
  }
  return { statement, forget: (text: string) => void statements.delete(text) }
}

const connect = (file: string): { readonly db: DatabaseSync; readonly schema: StatementSync } => {
  try {
    // No waiting for locks inside the server: a locked file is read by a process instead.
    const db = openReadOnly(file, 0, largestRow)
    const schema = db.prepare('PRAGMA schema_version')
    schema.get()
    return { db, schema }
  } catch (cause) {
    throw unavailable(cause)
  }
}

const toBigInt = (value: Cell | undefined): bigint | undefined =>
  typeof value === 'bigint' ? value : undefined

/** Opens the file; throws a `ConnectorError` when that is impossible. */
export const openDatabaseFile = (file: string): OpenedFile => {
  let seen = glanceAt(file)
  const { identity } = seen
  const { db, schema } = connect(file)
  const { statement, forget } = createStatements(db)
  const reads = createSharedReads(db)
  const readVersion = (): string => `${identity}:${String(schema.get()?.['schema_version'])}`
  let current = readVersion()
  let described: { readonly version: string; readonly value: Catalog } | undefined
  let known = { version: current, tables: new Map<string, Table | undefined>() }
  let ranges = new Map<string, readonly [bigint, bigint] | undefined>()

  const look = (): void => {
    // Within a turn, the first look counts, as it does for the reads.
    if (reads.areShared()) return
    const now = glanceAt(file)
    // What was seen within the grain of its time stamp may have changed since without a trace.
    if (seen.settled && now.signature === seen.signature) return
    seen = now
    ranges = new Map()
    if (now.identity === identity) current = readVersion()
  }
  const describe: OpenedFile['describe'] = async (onShare) => {
    try {
      while (described?.version !== current) {
        const version = current
        const value = await runInSlices(describeSteps(db), onShare)
        // What changed meanwhile is half old and half new.
        current = readVersion()
        if (current === version) described = { version, value }
      }
      return described.value
    } catch (cause) {
      throw cause instanceof Refusal ? cause : unavailable(cause)
    }
  }
  /** One table at a time: a request waits for no other one to be read. */
  const table = (name: string): Table | undefined => {
    if (known.version !== current) known = { version: current, tables: new Map() }
    if (!known.tables.has(name)) known.tables.set(name, describeTable(db, name))
    return known.tables.get(name)
  }
  const rowIds = (table: string, column: string): readonly [bigint, bigint] | undefined => {
    if (seen.settled && ranges.has(table)) return ranges.get(table)
    const [name, id] = [table, column].map((text) => `"${text.replaceAll('"', '""')}"`)
    const text = `SELECT (SELECT min(${id}) FROM ${name}), (SELECT max(${id}) FROM ${name})`
    const [least, most] = statement(text, true).all([])[0]?.map(toBigInt) ?? []
    const range = least === undefined || most === undefined ? undefined : ([least, most] as const)
    ranges.set(table, range)
    return range
  }
  const steps = (text: string): readonly string[] => {
    const told = db.prepare(`EXPLAIN QUERY PLAN ${text}`)
    return told.all().map(({ detail }) => String(detail))
  }
  return {
    db,
    identity,
    isReplaced: () => {
      look()
      return seen.identity !== identity
    },
    version: () => current,
    describe,
    share: reads.share,
    table,
    statement,
    forget,
    steps,
    rowIds,
  }
}
