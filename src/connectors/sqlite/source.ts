import { everything } from '#query/capabilities.ts'
import { nestedDecoder } from '#query/nested.ts'
import { typeOf, type ReadPlan, type ReadShape, type Row, type Value } from '#query/plan.ts'
import { compileCount, compileRead } from '#sql/compile.ts'
import { dialects } from '#sql/dialects/index.ts'
import type { Statement } from '#sql/fragment.ts'
import type { Source } from '../connector.ts'
import { valuesOf } from '../parameters.ts'
import { batchCharacters, sizeOf } from '../readers/messages.ts'
import { bindable } from './connection.ts'
import { explainCount, explainRead } from './explain.ts'
import { openDatabaseFile, unavailable, type OpenedFile } from './opened-file.ts'
import type { ReaderPool } from './reader-pool.ts'
import { createWays, type Way, type Ways } from './ways.ts'
import { windowEnd } from './window.ts'

const isExact = ({ outputs }: ReadShape): boolean =>
  outputs.some((output) => ['Edm.Int64', 'Edm.Decimal'].includes(typeOf(output) ?? ''))

type Compiled = {
  /** Makes rows of the nested ones, where there are any. */
  readonly decode?: ((row: Row) => Row) | undefined
  readonly statement: Statement
  readonly exact: boolean
  /** Here, a read without a limit is one row by a unique index. */
  readonly single?: boolean
}

/** Compiles each shape once. */
const createCompiler = () => {
  const shapes = new WeakMap<ReadShape, Compiled>()
  return (shape: ReadShape): Compiled => {
    const known = shapes.get(shape)
    if (known !== undefined) return known
    const statement = compileRead(shape, dialects.sqlite)
    const decode = nestedDecoder(shape)
    const single = shape.limit === undefined
    const fresh = { statement, exact: isExact(shape), single, decode }
    shapes.set(shape, fresh)
    return fresh
  }
}

/** All rows, `undefined` when they are more than one batch: wide rows are streamed by a process. */
const oneBatch = (rows: IterableIterator<Row>): readonly Row[] | undefined => {
  const batch: Row[] = []
  let size = 0
  for (const row of rows) {
    batch.push(row)
    size += sizeOf(row)
    if (size > batchCharacters) return undefined
  }
  return batch
}

/** Runs a statement inside the server; `undefined` when it fails there, or is not for it. */
const runHere = (
  file: OpenedFile,
  { statement, exact, single, decode }: Compiled,
  values: readonly Value[],
): readonly Row[] | undefined => {
  try {
    const bound = valuesOf(statement, values).map(bindable)
    const prepared = file.statement(statement.text, exact)
    file.share()
    if (single !== true) {
      const rows = oneBatch(prepared.iterate(bound))
      return decode === undefined ? rows : rows?.map(decode)
    }
    const row = prepared.get(bound)
    if (row === undefined) return []
    return [decode === undefined ? row : decode(row)]
  } catch {
    // Locked, or changed since: a process may wait, and reports what is wrong.
    file.forget(statement.text)
    return undefined
  }
}

/** Reads that an index bounds, and filtered pages that a window of row ids fills; `undefined` for all others. */
const createLocalReads = (compile: (shape: ReadShape) => Compiled, ways: Ways) => {
  const readWindow = (
    file: OpenedFile,
    plan: ReadPlan,
    { window, table, limit }: Extract<Way, { readonly kind: 'window' }>,
  ): readonly Row[] | undefined => {
    const range = file.rowIds(table.name, window.column.name)
    if (range === undefined) return undefined
    const end = windowEnd(plan, range[0])
    const rows = runHere(file, compile(window.shape), [...plan.values, end])
    if (rows !== undefined && (rows.length >= limit || end > range[1])) return rows
    ways.giveUp(plan)
    return undefined
  }
  return (file: OpenedFile, plan: ReadPlan): readonly Row[] | undefined => {
    const way = ways.of(file, plan)
    if (way.kind === 'bounded') return runHere(file, compile(plan.shape), plan.values)
    return way.kind === 'window' ? readWindow(file, plan, way) : undefined
  }
}

/** Opens a database file as a source. */
export const openSqliteSource = (path: string, readers: ReaderPool): Source => {
  const compile = createCompiler()
  const ways = createWays()
  const readHere = createLocalReads(compile, ways)
  let current: OpenedFile | undefined = openDatabaseFile(path)
  let closed = false

  const opened = (): OpenedFile => {
    if (closed) throw unavailable('the source is closed')
    current ??= openDatabaseFile(path)
    return current
  }
  /** Looks at the file again; opens it anew when another one has taken its name. */
  const refreshed = (): OpenedFile => {
    if (!opened().isReplaced()) return opened()
    current?.db.close()
    current = undefined
    return opened()
  }
  const readThere = (
    { statement, exact }: Compiled,
    values: readonly Value[],
    signal: AbortSignal,
  ) => {
    const { identity } = opened()
    const bound = valuesOf(statement, values)
    const { text } = statement
    return readers.read({ kind: 'read', file: path, identity, text, values: bound, exact }, signal)
  }
  const read = async function* (
    plan: ReadPlan,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Row[]> {
    signal.throwIfAborted()
    const here = readHere(opened(), plan)
    if (here !== undefined) return yield here
    const compiled = compile(plan.shape)
    const { decode } = compiled
    const rows = readThere(compiled, plan.values, signal)
    if (decode === undefined) yield* rows
    else for await (const batch of rows) yield batch.map(decode)
  }
  const countOf = ({ shape }: ReadPlan): Statement => compileCount(shape, dialects.sqlite)
  const count = async (plan: ReadPlan, signal: AbortSignal): Promise<bigint> => {
    const statement = countOf(plan)
    let total = 0n
    for await (const rows of readThere({ statement, exact: true }, plan.values, signal))
      total = rows[0]?.[0] as bigint
    return total
  }
  return {
    capabilities: everything,
    version: () => refreshed().version(),
    describe: async (onShare) => refreshed().describe(onShare),
    read,
    readNow: (plan) => readHere(opened(), plan),
    count,
    explain: async (plan, what) => ({
      engine: 'SQLite',
      statements:
        what === 'count'
          ? [explainCount(countOf(plan), plan)]
          : explainRead(plan, ways.of(opened(), plan), (shape) => compile(shape).statement),
    }),
    close: async () => {
      closed = true
      current?.db.close()
      current = undefined
    },
  }
}
