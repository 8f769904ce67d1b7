import type { DatabaseSockets } from '#egress/database-sockets.ts'
import { everything } from '#query/capabilities.ts'
import type { EdmType } from '#odata/edm/types.ts'
import { nestedDecoder } from '#query/nested.ts'
import { typeOf, type ReadPlan, type ReadShape, type Row } from '#query/plan.ts'
import { compileCount, compileRead } from '#sql/compile.ts'
import type { Dialect } from '#sql/dialect.ts'
import { createPostgresDialect } from '#sql/dialects/postgres.ts'
import type { Statement } from '#sql/fragment.ts'
import type { Source } from '../connector.ts'
import { explained, valuesOf } from '../parameters.ts'
import { createCatalogWatch } from './catalog-watch.ts'
import { createDescriber } from './describe.ts'
import { createSessionPool } from './pool.ts'
import { createReads, type MakeRequest, withSession } from './reads.ts'
import { openSession, type Session } from './session.ts'
import type { Settings } from './settings.ts'

/** Reads of up to so many rows ask for all of them at once. */
const fewRows = 500

const isFew = ({ shape, values }: ReadPlan): boolean =>
  shape.limit === undefined
    ? // By key: one row, and no order.
      shape.order.length === 0
    : Number(values[shape.limit.index]) <= fewRows

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

const counted: readonly EdmType[] = ['Edm.Int64']

const allAtOnce = 'its rows are few, and asked for all at once'
const byCursor = 'its rows come by a cursor, in batches as they are taken'

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

  const statementOf = (plan: ReadPlan, what: 'rows' | 'count', session: Session): Statement =>
    what === 'rows' ? compiler.read(plan.shape, session) : compiler.count(plan.shape, session)
  const requested =
    (plan: ReadPlan, what: 'rows' | 'count'): MakeRequest =>
    (session) => {
      const statement = statementOf(plan, what, session)
      const outputs = what === 'rows' ? plan.shape.outputs.map(typeOf) : counted
      const few = what === 'count' || isFew(plan)
      return { text: statement.text, outputs, values: valuesOf(statement, plan.values), few }
    }

  return {
    capabilities: everything,
    version: watch.version,
    describe: watch.catalog,
    read: (plan, signal) => decoded(plan.shape, read(requested(plan, 'rows'), signal)),
    count: async (plan, signal) => {
      let total = 0n
      for await (const [row] of read(requested(plan, 'count'), signal))
        total = BigInt(row?.[0] as number | bigint)
      return total
    },
    explain: async (plan, what, signal) => {
      // What a server can do decides how things are said to it.
      const make = (session: Session): Statement => statementOf(plan, what, session)
      const statement = await withSession(pool, settings, make, signal)
      const how = what === 'count' || isFew(plan) ? allAtOnce : byCursor
      return {
        engine: 'PostgreSQL',
        statements: [explained(statement, plan.values, { place: 'database session', how })],
      }
    },
    close: async () => pool.close(),
  }
}
