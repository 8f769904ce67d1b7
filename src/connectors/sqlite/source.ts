import { everything } from '#query/capabilities.ts'
import type { ReadPlan, Row, Value } from '#query/plan.ts'
import { compileCount } from '#sql/compile.ts'
import { dialects } from '#sql/dialects/index.ts'
import type { Statement } from '#sql/fragment.ts'
import type { RowText, Source, TextBatch } from '../connector.ts'
import { valuesOf } from '../parameters.ts'
import { unpackText } from '../readers/collector.ts'
import { explainCount, explainRead } from './explain.ts'
import { createLocalReads } from './local-reads.ts'
import { openDatabaseFile, unavailable, type OpenedFile } from './opened-file.ts'
import type { ReaderPool } from './reader-pool.ts'
import { createCompiler, type Compiled } from './statement.ts'
import { createWays } from './ways.ts'

/** Opens a database file as a source. */
export const openSqliteSource = (path: string, readers: ReaderPool): Source => {
  const compile = createCompiler()
  const ways = createWays((shape) => compile(shape).statement.text)
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
  const countOf = ({ shape }: ReadPlan): Statement => compileCount(shape, dialects.sqlite)
  const count = async (plan: ReadPlan, signal: AbortSignal): Promise<bigint> => {
    const statement = countOf(plan)
    let total = 0n
    for await (const rows of readThere({ statement, exact: true }, plan.values, { signal }))
      total = rows[0]?.[0] as bigint
    return total
  }
  return {
    capabilities: everything,
    version: () => refreshed().version(),
    describe: async (onShare) => refreshed().describe(onShare),
    read,
    readText,
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
