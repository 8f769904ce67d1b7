import type { DatabaseSockets } from '#egress/database-sockets.ts'
import { functions, isFunctionName } from '#odata/functions.ts'
import type { EdmType } from '#odata/edm/types.ts'
import { nestedDecoder } from '#query/nested.ts'
import { typeOf, type ReadPlan, type ReadShape, type Row, type Value } from '#query/plan.ts'
import { compileCount, compileRead } from '#sql/compile.ts'
import type { Dialect } from '#sql/dialect.ts'
import { createPostgresDialect } from '#sql/dialects/postgres.ts'
import type { Statement } from '#sql/fragment.ts'
import type { Source } from '../connector.ts'
import { createCatalogWatch } from './catalog-watch.ts'
import { createDescriber } from './describe.ts'
import { createSessionPool } from './pool.ts'
import { createReads, type MakeRequest } from './reads.ts'
import { openSession, type Session } from './session.ts'
import type { Settings } from './settings.ts'

const capabilities = {
  functions: new Set(Object.keys(functions).filter(isFunctionName)),
  filter: true,
}

/** Reads of up to so many rows ask for all of them at once. */
const fewRows = 500

const isFew = ({ shape, values }: ReadPlan): boolean =>
  shape.limit === undefined
    ? // By key: one row, and no order.
      shape.order.length === 0
    : Number(values[shape.limit.index]) <= fewRows

const valuesOf = ({ slots }: Statement, values: readonly Value[]): readonly Value[] =>
  slots.map((slot) => values[slot] ?? null)

/** Compiles each shape once; the dialect depends on the server, and stays while that does. */
const createCompiler = () => {
  const dialects = new Map<string | undefined, Dialect>()
  const shapes = new WeakMap<ReadShape, { readonly dialect: Dialect; readonly text: Statement }>()
  const dialectOf = ({ caseCollation }: Session): Dialect => {
    const dialect = dialects.get(caseCollation) ?? createPostgresDialect({ caseCollation })
    dialects.set(caseCollation, dialect)
    return dialect
  }
  const read = (shape: ReadShape, session: Session): Statement => {
    const dialect = dialectOf(session)
    const known = shapes.get(shape)
    if (known?.dialect === dialect) return known.text
    const text = compileRead(shape, dialect)
    shapes.set(shape, { dialect, text })
    return text
  }
  const count = (shape: ReadShape, session: Session): Statement =>
    compileCount(shape, dialectOf(session))
  return { read, count }
}

/** Rows inside cells come as JSON. */
const decoded = (
  shape: ReadShape,
  batches: AsyncGenerator<readonly Row[]>,
): AsyncIterable<readonly Row[]> => {
  const decode = nestedDecoder(shape)
  if (decode === undefined) return batches
  return (async function* () {
    for await (const batch of batches) yield batch.map(decode)
  })()
}

/** Opens a schema of a database as a source; connects when it is first asked for something. */
export const openPostgresSource = (settings: Settings, sockets: DatabaseSockets): Source => {
  const compiler = createCompiler()
  const pool = createSessionPool(
    { size: settings.poolSize, patience: settings.loginTimeout },
    (signal) => openSession({ sockets, settings }, signal),
  )
  const read = createReads(pool, settings, () => watch.doubt())
  const watch = createCatalogWatch(createDescriber(read, settings.schema), () => performance.now())

  const planned =
    (plan: ReadPlan): MakeRequest =>
    (session) => {
      const statement = compiler.read(plan.shape, session)
      const outputs = plan.shape.outputs.map(typeOf)
      return {
        text: statement.text,
        outputs,
        values: valuesOf(statement, plan.values),
        few: isFew(plan),
      }
    }
  const counted =
    (plan: ReadPlan): MakeRequest =>
    (session) => {
      const statement = compiler.count(plan.shape, session)
      const outputs: readonly EdmType[] = ['Edm.Int64']
      return { text: statement.text, outputs, values: valuesOf(statement, plan.values), few: true }
    }

  return {
    capabilities,
    version: watch.version,
    describe: watch.catalog,
    read: (plan, signal) => decoded(plan.shape, read(planned(plan), signal)),
    count: async (plan, signal) => {
      let total = 0n
      for await (const [row] of read(counted(plan), signal))
        total = BigInt(row?.[0] as number | bigint)
      return total
    },
    close: async () => pool.close(),
  }
}
