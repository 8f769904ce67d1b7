// One read of the store, as it is shown.
import type { ExplainedStatement } from '#connectors/connector.ts'
import { notSupported } from '#odata/errors.ts'
import { contentsOf, type ShapeContents } from '#query/contents.ts'
import { expressionText } from '#query/explain/expression.ts'
import { createNames } from '#query/explain/names.ts'
import { countedTree, planTree } from '#query/explain/tree.ts'
import type { Value } from '#query/plan.ts'
import type { Rest } from '#query/split.ts'
import type { Call } from '../service.ts'
import type { Recorded } from './recorder.ts'

/** Characters of statements and values together; an alias may repeat a long value a thousand times (threat T70). */
const longest = 1_000_000

/** Values as OData JSON writes them; numbers that JSON would bend are texts. */
const jsonValue = (value: Value): null | boolean | number | string => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url')
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

const parameters = ({ parameters: given }: ExplainedStatement, slots: ShapeContents['slots']) =>
  given.map(({ slot, value }) => {
    const { type, use } = slots.get(slot) ?? {}
    return value === undefined
      ? { for: 'window' }
      : { value: jsonValue(value), type, for: use ?? 'query' }
  })

const withheld =
  'The schema map has other names than the database. SQL with those of the database is shown to the owner of the data source: HTTP Basic, and the permission ViewDataSource (2).'

const sizeOf = ({ text, parameters: given }: ExplainedStatement): number =>
  given.reduce(
    (size, { value }) => size + (typeof value === 'string' ? value.length : 20),
    text.length,
  )

const checkSize = (statements: readonly ExplainedStatement[]): void => {
  if (statements.reduce((size, each) => size + sizeOf(each), 0) > longest)
    throw notSupported(`an explanation of more than ${longest} characters`, { target: '$explain' })
}

/** What is left to the gateway; empty where the store does everything. */
const gatewayOf = (
  { what, plan }: Recorded,
  rest: Rest | undefined,
  names: ReturnType<typeof createNames>,
) =>
  rest === undefined
    ? {}
    : {
        filter: expressionText(rest.filter, { names, values: plan.values }),
        offset: rest.offset === 0 ? undefined : rest.offset,
        limit: rest.limit,
        counts: what === 'count' ? true : undefined,
      }

/**
 * One read: the tree of what was understood, what of it the store does (`all`, or a tree), the statements, and what is left to the
 * gateway. SQL that names tables and columns otherwise than `$metadata` is shown only to who may see how the data source is set up.
 */
export const describeRead = (recorded: Recorded, { state, context }: Call) => {
  const { what, plan, split, store } = recorded
  const names = createNames(state.model, plan.shape)
  const words = { names, values: plan.values }
  const { slots } = contentsOf(split.pushed.shape)
  const isHidden = names.differ && context.seesSetUp !== true
  checkSize(store.statements)
  return {
    what,
    tree: (what === 'count' ? countedTree : planTree)(plan.shape, words),
    pushedDown: split.rest === undefined ? 'all' : planTree(split.pushed.shape, words),
    engine: store.engine,
    statements: store.statements.map((statement) => ({
      place: statement.place,
      how: statement.how,
      ...(isHidden ? { sql: null, withheld } : { sql: statement.text }),
      parameters: parameters(statement, slots),
    })),
    gateway: gatewayOf(recorded, split.rest, names),
  }
}
