import type { EdmType } from '#odata/edm/types.ts'
import type { Dialect } from '../dialect.ts'
import { empty, identifier, isSlotValue, sql, type Sql } from '../fragment.ts'

const none = sql`NULL`

const asText = (operand: Sql): Sql => sql`(${operand})::text`

/** Byte by byte, which for UTF-8 is by code points. */
const byBytes = (operand: Sql): Sql => sql`(${operand})::text COLLATE "C"`

/** Year, month and day of a date or a stamp, in GMT, which is the session's zone. */
const part =
  (field: Sql) =>
  ([a = none]: readonly Sql[]): Sql =>
    sql`extract(${field} FROM (${a})::timestamptz)::int4`

const texts =
  (cell: (a: Sql, b: Sql) => Sql) =>
  ([a = none, b = none]: readonly Sql[]): Sql =>
    cell(byBytes(a), byBytes(b))

// What a value is cast to. A column stays bare, so that an index on it is of use: PostgreSQL compares whole numbers of
// every size with each other, and stamps with and without a zone. Integers are cast to the largest, since a literal may be
// larger than its column.
const casts: Record<EdmType, Sql> = {
  'Edm.Boolean': sql`bool`,
  'Edm.Byte': sql`int8`,
  'Edm.SByte': sql`int8`,
  'Edm.Int16': sql`int8`,
  'Edm.Int32': sql`int8`,
  'Edm.Int64': sql`int8`,
  'Edm.Decimal': sql`numeric`,
  'Edm.Single': sql`float8`,
  'Edm.Double': sql`float8`,
  'Edm.String': sql`text`,
  'Edm.Date': sql`date`,
  'Edm.DateTimeOffset': sql`timestamptz`,
  'Edm.TimeOfDay': sql`time`,
  'Edm.Guid': sql`uuid`,
  'Edm.Binary': sql`bytea`,
}

const typed = (type: EdmType | undefined, operand: Sql): Sql => {
  if (type === undefined) return operand
  if (isSlotValue(operand)) return sql`(${operand})::${casts[type]}`
  // Served as text: fixed length without its padding, and the text of what has no type of its own (citext, enum, json).
  if (type === 'Edm.String') return asText(operand)
  // The number that is shown: 0.1 in four bytes is not 0.1 in eight.
  return type === 'Edm.Single' ? sql`(${operand})::text::float8` : operand
}

export type PostgresFacts = {
  /** Of the catalog: under which letters other than ASCII have cases; undefined where the database's own does. */
  readonly caseCollation: string | undefined
}

/** PostgreSQL 12 and later, in a session whose zone is GMT. Values arrive as text and are cast. */
export const createPostgresDialect = ({ caseCollation }: PostgresFacts): Dialect => {
  const collation = caseCollation === undefined ? empty : sql` COLLATE ${identifier(caseCollation)}`
  const cased = (operand: Sql): Sql => sql`${asText(operand)}${collation}`
  return {
    placeholder: (n) => `$${n}`,
    comparable: (type, operand) =>
      type === 'Edm.String' ? byBytes(operand) : typed(type, operand),
    // Texts are equal when their bytes are, whatever the collation.
    equatable: typed,
    // Text sorts as its column does, so that an index answers; what follows a row is found in the same order.
    sortable: typed,
    same: (left, right) => sql`${left} IS NOT DISTINCT FROM ${right}`,
    different: (left, right) => sql`${left} IS DISTINCT FROM ${right}`,
    isTrue: (condition) => sql`(${condition}) IS TRUE`,
    limit: (limit, offset) =>
      sql`${limit === undefined ? empty : sql` LIMIT (${limit})::int8`}${
        offset === undefined ? empty : sql` OFFSET (${offset})::int8`
      }`,
    orderNulls: (descending) => (descending ? sql` NULLS LAST` : sql` NULLS FIRST`),
    functions: {
      contains: texts((a, b) => sql`(strpos(${a}, ${b}) > 0)`),
      startswith: texts((a, b) => sql`starts_with(${a}, ${b})`),
      endswith: texts((a, b) => sql`(right(${a}, char_length(${b})) = ${b})`),
      length: ([a = none]) => sql`char_length(${asText(a)})`,
      tolower: ([a = none]) => sql`lower(${cased(a)})`,
      toupper: ([a = none]) => sql`upper(${cased(a)})`,
      year: part(sql`YEAR`),
      month: part(sql`MONTH`),
      day: part(sql`DAY`),
    },
  }
}
