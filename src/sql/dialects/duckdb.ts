import type { EdmType } from '#odata/edm/types.ts'
import type { Dialect } from '../dialect.ts'
import { empty, sql, type Sql } from '../fragment.ts'

const none = sql`NULL`

/** Cells of one or two arguments; the binder has checked how many there are. */
const unary =
  (cell: (a: Sql) => Sql) =>
  ([a = none]: readonly Sql[]): Sql =>
    cell(a)
const binary =
  (cell: (a: Sql, b: Sql) => Sql) =>
  ([a = none, b = none]: readonly Sql[]): Sql =>
    cell(a, b)

const asIs = (operand: Sql): Sql => operand

/** A cast of a column to its own type vanishes, so that parts of a file may still be skipped; a text becomes what it stands for. */
const comparables: Record<EdmType, (operand: Sql) => Sql> = {
  'Edm.Date': (operand) => sql`CAST(${operand} AS DATE)`,
  'Edm.DateTimeOffset': (operand) => sql`CAST(${operand} AS TIMESTAMP)`,
  'Edm.TimeOfDay': (operand) => sql`CAST(${operand} AS TIME)`,
  'Edm.Guid': (operand) => sql`CAST(${operand} AS UUID)`,
  'Edm.String': asIs,
  'Edm.Boolean': asIs,
  'Edm.Byte': asIs,
  'Edm.SByte': asIs,
  'Edm.Int16': asIs,
  'Edm.Int32': asIs,
  'Edm.Int64': asIs,
  'Edm.Decimal': asIs,
  'Edm.Single': asIs,
  'Edm.Double': asIs,
  'Edm.Binary': asIs,
}

/** A part of a date or stamp, which may be a text. */
const part = (cell: (a: Sql) => Sql) =>
  unary((a) => sql`CAST(${cell(sql`CAST(${a} AS TIMESTAMP)`)} AS INTEGER)`)

/** DuckDB compares text byte by byte and knows stamps; values come with their types. */
export const duckdb: Dialect = {
  placeholder: (n) => `$${n}`,
  comparable: (type, operand) => (type === undefined ? operand : comparables[type](operand)),
  ranksNullInRows: true,
  same: (left, right) => sql`${left} IS NOT DISTINCT FROM ${right}`,
  different: (left, right) => sql`${left} IS DISTINCT FROM ${right}`,
  isTrue: (condition) => sql`(${condition}) IS TRUE`,
  limit: (limit, offset) => {
    const most = limit === undefined ? empty : sql` LIMIT ${limit}`
    return offset === undefined ? most : sql`${most} OFFSET ${offset}`
  },
  orderNulls: (descending) => (descending ? sql` NULLS LAST` : sql` NULLS FIRST`),
  functions: {
    contains: binary((a, b) => sql`contains(${a}, ${b})`),
    startswith: binary((a, b) => sql`starts_with(${a}, ${b})`),
    endswith: binary((a, b) => sql`ends_with(${a}, ${b})`),
    length: unary((a) => sql`CAST(length(${a}) AS INTEGER)`),
    tolower: unary((a) => sql`lower(${a})`),
    toupper: unary((a) => sql`upper(${a})`),
    year: part((a) => sql`year(${a})`),
    month: part((a) => sql`month(${a})`),
    day: part((a) => sql`day(${a})`),
  },
}
