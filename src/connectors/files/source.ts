import { everything } from '#query/capabilities.ts'
import type { SchemaMap } from '#odata/edm/schema-map.ts'
import { nestedDecoder } from '#query/nested.ts'
import { onlyTable, type ReadPlan, type ReadShape, type Row } from '#query/plan.ts'
import type { RowText, Source, TextBatch } from '../connector.ts'
import { unpackText } from '../readers/collector.ts'
import { ConnectorError } from '../errors.ts'
import { explained, valuesOf } from '../parameters.ts'
import { filesChanged } from './failure.ts'
import type { Ask, Inspected } from './inspect.ts'
import { createKnownFiles } from './known-files.ts'
import type { FilesRequest } from './messages.ts'
import type { FilesPool } from './pool.ts'
import type { View } from './relation.ts'
import { type Compiled, compileFileCount, compileFileRead } from './statement.ts'

/** Whether the schema map names a key for a table: files have none, so that the map's is taken. */
const keysIn =
  (map: SchemaMap | undefined) =>
  (table: string): boolean =>
    Object.values(map?.tables?.[table]?.columns ?? {}).some(
      ({ primaryKeyComponent }) => primaryKeyComponent !== undefined,
    )

type Tables = ReadonlyMap<string, Inspected>

/** Compiles each shape once for the files as they are. */
const createCompiler = () => {
  const shapes = new WeakMap<ReadShape, { readonly tables: Tables; readonly compiled: Compiled }>()
  return (shape: ReadShape, tables: Tables): Compiled => {
    const known = shapes.get(shape)
    if (known?.tables === tables) return known.compiled
    const compiled = compileFileRead(shape, tables.get(onlyTable(shape) ?? '')?.rowNumber)
    shapes.set(shape, { tables, compiled })
    return compiled
  }
}

/** A plan, and the text that is wanted of its rows, if it is text. */
type Wanted = { readonly plan: ReadPlan; readonly wanted?: RowText }

/** Throws when the folder no longer has a file that the model knew. */
const viewIn = (known: Tables, table: string): View => {
  const view = known.get(table)?.view
  if (view !== undefined) return view
  throw new ConnectorError('busy', filesChanged, { detail: `no file for ${table}` })
}

const requestOf = (
  folder: string,
  { statement, types, tables }: Compiled,
  known: Tables,
  { plan: { values }, wanted }: Wanted,
): FilesRequest => ({
  kind: 'read',
  folder,
  views: tables.map((table) => viewIn(known, table)),
  text: statement.text,
  values: valuesOf(statement, values),
  types: statement.slots.map((slot) => types.get(slot)),
  wanted,
})

const closed = (): ConnectorError =>
  new ConnectorError('unavailable', 'The data source is closed.', { detail: 'source closed' })

/** Opens a folder as a source: each file is a table. */
export const openFilesSource = (
  folder: string,
  map: SchemaMap | undefined,
  pool: FilesPool,
): Source => {
  const ended = new AbortController()
  const compile = createCompiler()

  const ask: Ask = async (text) => {
    const request = { kind: 'read', folder, views: [], text, values: [], types: [] } as const
    const found: Row[] = []
    for await (const rows of pool.read(request, ended.signal)) found.push(...rows)
    return found
  }
  const files = createKnownFiles(folder, keysIn(map), ask)
  const checkOpen = (): void => {
    if (ended.signal.aborted) throw closed()
  }
  const compiledFor = ({ shape }: ReadPlan, what: 'rows' | 'count', tables: Tables): Compiled =>
    what === 'rows' ? compile(shape, tables) : compileFileCount(shape)
  const batches = async function* (
    wanted: Wanted,
    what: 'rows' | 'count',
    signal: AbortSignal,
  ): AsyncGenerator<readonly Row[]> {
    checkOpen()
    signal.throwIfAborted()
    const tables = await files.tables()
    const compiled = compiledFor(wanted.plan, what, tables)
    yield* pool.read(requestOf(folder, compiled, tables, wanted), signal)
  }
  const read = (plan: ReadPlan, signal: AbortSignal): AsyncIterable<readonly Row[]> => {
    const found = batches({ plan }, 'rows', signal)
    const decode = nestedDecoder(plan.shape)
    if (decode === undefined) return found
    return (async function* () {
      for await (const batch of found) yield batch.map(decode)
    })()
  }
  const readText = async function* (
    plan: ReadPlan,
    wanted: RowText,
    signal: AbortSignal,
  ): AsyncGenerator<TextBatch> {
    for await (const rows of batches({ plan, wanted }, 'rows', signal)) yield* rows.map(unpackText)
  }
  return {
    capabilities: everything,
    version: () => {
      checkOpen()
      return files.version()
    },
    describe: async () => {
      checkOpen()
      return files.catalog()
    },
    read,
    readText,
    count: async (plan, signal) => {
      let total = 0n
      for await (const [row] of batches({ plan }, 'count', signal)) total = BigInt(Number(row?.[0]))
      return total
    },
    explain: async (plan, what) => {
      checkOpen()
      const { statement } = compiledFor(plan, what, await files.tables())
      const how = 'each table is a view of a file, which the engine sees alone'
      return {
        engine: 'DuckDB',
        statements: [explained(statement, plan.values, { place: 'reader process', how })],
      }
    },
    close: async () => ended.abort(),
  }
}
