import { functions, isFunctionName } from '#odata/functions.ts'
import { nestedDecoder } from '#query/nested.ts'
import {
  onlyTable,
  typeOf,
  type ReadPlan,
  type ReadShape,
  type Row,
  type Value,
} from '#query/plan.ts'
import { compileCount, compileRead } from '#sql/compile.ts'
import { dialects } from '#sql/dialects/index.ts'
import type { Statement } from '#sql/fragment.ts'
import type { RowText, Source, TextBatch } from '../connector.ts'
import { unpackText } from '../readers/collector.ts'
import { isBoundedRead } from './bounded.ts'
import { batchCharacters, sizeOf } from '../readers/messages.ts'
import { bindable } from './connection.ts'
import { openDatabaseFile, unavailable, type OpenedFile } from './opened-file.ts'
import type { ReaderPool } from './reader-pool.ts'
import { pageLimit, windowEnd, windowOf, type Window } from './window.ts'

const capabilities = {
  functions: new Set(Object.keys(functions).filter(isFunctionName)),
  filter: true,
}

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

const valuesOf = ({ slots }: Statement, values: readonly Value[]): readonly Value[] =>
  slots.map((slot) => values[slot] ?? null)

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

/** The table that the plan reads, when it is one alone. */
const tableOf = (file: OpenedFile, { shape }: ReadPlan) => {
  const name = onlyTable(shape)
  return name === undefined ? undefined : file.table(name)
}

/** Reads that an index bounds, and filtered pages that a window of row ids fills. */
const createLocalReads = (compile: (shape: ReadShape) => Compiled) => {
  const windows = new WeakMap<ReadShape, Window | 'none'>()
  const readWindow = (file: OpenedFile, plan: ReadPlan): readonly Row[] | undefined => {
    const limit = pageLimit(plan)
    const table = tableOf(file, plan)
    if (limit === undefined || table === undefined) return undefined
    const known = windows.get(plan.shape) ?? windowOf(plan, table) ?? 'none'
    windows.set(plan.shape, known)
    if (known === 'none') return undefined
    const range = file.rowIds(table.name, known.column.name)
    if (range === undefined) return undefined
    const end = windowEnd(plan, range[0])
    const rows = runHere(file, compile(known.shape), [...plan.values, end])
    if (rows !== undefined && (rows.length >= limit || end > range[1])) return rows
    // A filter that finds little here will not find more next time.
    windows.set(plan.shape, 'none')
    return undefined
  }
  return (file: OpenedFile, plan: ReadPlan): readonly Row[] | undefined =>
    isBoundedRead(plan, tableOf(file, plan), file.table)
      ? runHere(file, compile(plan.shape), plan.values)
      : readWindow(file, plan)
}

/** Opens a database file as a source. */
export const openSqliteSource = (path: string, readers: ReaderPool): Source => {
  const compile = createCompiler()
  const readHere = createLocalReads(compile)
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
    { signal, wanted }: { readonly signal: AbortSignal; readonly wanted?: RowText },
  ) => {
    const { identity } = opened()
    const bound = valuesOf(statement, values)
    const { text } = statement
    return readers.read(
      { kind: 'read', file: path, identity, text, values: bound, exact, wanted },
      signal,
    )
  }
  const readText = async function* (
    plan: ReadPlan,
    wanted: RowText,
    signal: AbortSignal,
  ): AsyncGenerator<TextBatch> {
    signal.throwIfAborted()
    const batches = readThere(compile(plan.shape), plan.values, { signal, wanted })
    for await (const rows of batches) yield* rows.map(unpackText)
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
    const rows = readThere(compiled, plan.values, { signal })
    if (decode === undefined) yield* rows
    else for await (const batch of rows) yield batch.map(decode)
  }
  const count = async (plan: ReadPlan, signal: AbortSignal): Promise<bigint> => {
    const statement = compileCount(plan.shape, dialects.sqlite)
    let total = 0n
    for await (const rows of readThere({ statement, exact: true }, plan.values, { signal }))
      total = rows[0]?.[0] as bigint
    return total
  }
  return {
    capabilities,
    version: () => refreshed().version(),
    describe: async (onShare) => refreshed().describe(onShare),
    read,
    readText,
    readNow: (plan) => readHere(opened(), plan),
    count,
    close: async () => {
      closed = true
      current?.db.close()
      current = undefined
    },
  }
}
