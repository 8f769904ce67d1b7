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

const comparables: Record<EdmType, (operand: Sql) => Sql> = {
  'Edm.DateTimeOffset': (operand) => sql`strftime('%Y-%m-%d %H:%M:%f', ${operand})`,
  'Edm.TimeOfDay': (operand) => sql`strftime('%H:%M:%f', ${operand})`,
  'Edm.Guid': (operand) => sql`lower(${operand})`,
  // A column declared COLLATE NOCASE would otherwise compare case-insensitively.
  'Edm.String': (operand) => sql`${operand} COLLATE BINARY`,
  'Edm.Boolean': asIs,
  'Edm.Byte': asIs,
  'Edm.SByte': asIs,
  'Edm.Int16': asIs,
  'Edm.Int32': asIs,
  'Edm.Int64': asIs,
  'Edm.Decimal': asIs,
  'Edm.Single': asIs,
  'Edm.Double': asIs,
  'Edm.Date': asIs,
  'Edm.Binary': asIs,
}

/** SQLite keeps dates and times as text; `strftime` reads every ISO form and gives GMT. */
export const sqlite: Dialect = {
  placeholder: () => '?',
  comparable: (type, operand) => (type === undefined ? operand : comparables[type](operand)),
  same: (left, right) => sql`${left} IS ${right}`,
  different: (left, right) => sql`${left} IS NOT ${right}`,
  isTrue: (condition) => sql`(${condition}) IS TRUE`,
  limit: (limit, offset) => {
    if (limit === undefined && offset === undefined) return empty
    const most = limit ?? sql`-1`
    return offset === undefined ? sql` LIMIT ${most}` : sql` LIMIT ${most} OFFSET ${offset}`
  },
  orderNulls: () => empty,
  functions: {
    contains: binary((a, b) => sql`(instr(${a}, ${b}) > 0)`),
    startswith: binary((a, b) => sql`(substr(${a}, 1, length(${b})) = ${b} COLLATE BINARY)`),
    // From its start, because a negative length of zero would mean the whole text.
    endswith: binary(
      (a, b) => sql`(substr(${a}, length(${a}) - length(${b}) + 1) = ${b} COLLATE BINARY)`,
    ),
    length: unary((a) => sql`length(${a})`),
    // SQLite's own lower() knows ASCII only; the connector registers these two.
    tolower: unary((a) => sql`unicode_lower(${a})`),
    toupper: unary((a) => sql`unicode_upper(${a})`),
    year: unary((a) => sql`CAST(strftime('%Y', ${a}) AS INTEGER)`),
    month: unary((a) => sql`CAST(strftime('%m', ${a}) AS INTEGER)`),
    day: unary((a) => sql`CAST(strftime('%d', ${a}) AS INTEGER)`),
  },
}
