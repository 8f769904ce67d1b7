import { familyOf, isInteger, type EdmType } from '#odata/edm/types.ts'
import type { Dialect, DialectFunction, NestedColumn, Operand } from '../dialect.ts'
import type { ArithmeticOperator } from '#odata/ast.ts'
import { binary, nullary, ternary, unary } from '../cells.ts'
import { empty, identifier, join, sql, type Sql } from '../fragment.ts'

const asText = (operand: Sql): Sql => sql`(${operand})::text`

/** Byte by byte, which for UTF-8 is by code points. */
const byBytes = (operand: Sql): Sql => sql`(${operand})::text COLLATE "C"`

const texts = (cell: (a: Sql, b: Sql) => Sql) => binary((a, b) => cell(byBytes(a), byBytes(b)))

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
  'Edm.Duration': sql`numeric`,
}

const castTo = (type: EdmType, operand: Sql): Sql => sql`(${operand})::${casts[type]}`

/** A part of a date, a stamp or a time of day, in GMT, which is the session's zone. */
const part =
  (field: Sql): DialectFunction =>
  ([a = sql`NULL`], _type, [from]) =>
    sql`floor(extract(${field} FROM ${castTo(from === 'Edm.TimeOfDay' ? from : 'Edm.DateTimeOffset', a)}))::int4`

const fraction: DialectFunction = ([a = sql`NULL`], _type, [from]) => {
  const second = sql`extract(SECOND FROM ${castTo(from === 'Edm.TimeOfDay' ? from : 'Edm.DateTimeOffset', a)})::numeric`
  return sql`(${second} - floor(${second}))`
}

const typed = (type: EdmType | undefined, operand: Sql): Sql => {
  if (type === undefined) return operand
  // Served as text: fixed length without its padding, and the text of what has no type of its own (citext, enum, json).
  if (type === 'Edm.String') return asText(operand)
  // The number that is shown: 0.1 in four bytes is not 0.1 in eight.
  return type === 'Edm.Single' ? sql`(${operand})::text::float8` : operand
}

const signs: Record<Exclude<ArithmeticOperator, 'divby'>, Sql> = {
  add: sql` + `,
  sub: sql` - `,
  mul: sql` * `,
  div: sql` / `,
  mod: sql` % `,
}

const divides: ReadonlySet<ArithmeticOperator> = new Set(['div', 'divby', 'mod'])

const numeric = (
  operator: ArithmeticOperator,
  left: Operand,
  right: Operand,
  type: EdmType,
): Sql => {
  // `%` knows whole and decimal numbers only.
  const inner = type === 'Edm.Double' && operator === 'mod' ? 'Edm.Decimal' : type
  const a = castTo(inner, typed(left.type, left.sql))
  const b = castTo(inner, typed(right.type, right.sql))
  const divisor = divides.has(operator) ? sql`nullif(${b}, 0)` : b
  const result = sql`(${a}${signs[operator === 'divby' ? 'div' : operator]}${divisor})`
  return inner === type ? result : castTo(type, result)
}

const interval = (seconds: Sql): Sql => sql`make_interval(secs => (${seconds})::float8)`

/** Stamps and dates with durations, which are seconds. */
const temporal = (
  operator: ArithmeticOperator,
  left: Operand,
  right: Operand,
  type: EdmType,
): Sql => {
  if (type === 'Edm.Duration') {
    const [a, b] = [left, right].map(({ sql: operand }) => castTo('Edm.DateTimeOffset', operand))
    return sql`extract(EPOCH FROM (${a ?? empty} - ${b ?? empty}))::numeric`
  }
  const sign = operator === 'sub' ? sql` - ` : sql` + `
  const moved = sql`(${castTo('Edm.DateTimeOffset', left.sql)}${sign}${interval(right.sql)})`
  return castTo(type, moved)
}

const arithmetic: Dialect['arithmetic'] = (operator, left, right, type) => {
  const family = left.type === undefined ? 'number' : familyOf(left.type)
  return family === 'datetime' || family === 'date'
    ? temporal(operator, left, right, type)
    : numeric(operator, left, right, type)
}

const cast: Dialect['cast'] = ({ sql: operand, type }, to) =>
  familyOf(to) === 'string' ? asText(operand) : castTo(to, typed(type, operand))

const aggregate: Dialect['aggregate'] = (method, operand, type) => {
  if (operand === undefined) return sql`count(*)`
  const of = typed(operand.type, operand.sql)
  switch (method) {
    case 'sum':
      return castTo(type, sql`sum(${of})`)
    case 'average':
      return castTo(type, sql`avg(${of})`)
    case 'min':
    case 'max': {
      // There is no least truth value or identifier for PostgreSQL, but there is one of their texts.
      const compared = operand.type === 'Edm.String' ? byBytes(operand.sql) : of
      return method === 'min' ? sql`min(${compared})` : sql`max(${compared})`
    }
    case 'countdistinct':
      return sql`count(DISTINCT ${of})`
    case 'count':
      return sql`count(${of})`
  }
}

/** What JSON would bend goes as text (query/nested.ts). */
const inJson = ({ sql: column, type }: NestedColumn): Sql => {
  if (type === 'Edm.Binary') return sql`encode(${column}, 'hex')`
  const isExact = type === 'Edm.Int64' || type === 'Edm.Decimal' || type === 'Edm.String'
  return isExact || type === 'Edm.Single' ? asText(column) : column
}

/** So many arguments a function takes at most. */
const mostArguments = 100

const collect: Dialect['collect'] = (columns, rows) => {
  if (columns.length <= mostArguments)
    return sql`(SELECT json_agg(json_build_array(${join(columns.map(inJson), sql`, `)})) FROM (${rows}) AS q)`
  const pieces = Array.from({ length: Math.ceil(columns.length / mostArguments) }, (_, i) => {
    const some = columns.slice(i * mostArguments, (i + 1) * mostArguments)
    const values = some.map((column) => {
      if (column.type === 'rows') return column.sql
      // As JSON has it: the text of a stamp is none in ISO 8601.
      if (column.type === 'Edm.DateTimeOffset') return sql`(to_json(${column.sql})#>>'{}')`
      // Text, so that no number is bent: jsonb has no infinity.
      return asText(inJson(column))
    })
    return sql`jsonb_build_array(${join(values, sql`, `)})`
  })
  return sql`(SELECT jsonb_agg(${join(pieces, sql` || `)}) FROM (${rows}) AS q)`
}

/** What String.prototype.trim takes away. */
const blanks = sql`U&'\\0009\\000A\\000B\\000C\\000D\\0020\\00A0\\1680\\2000\\2001\\2002\\2003\\2004\\2005\\2006\\2007\\2008\\2009\\200A\\2028\\2029\\202F\\205F\\3000\\FEFF'`

const whole =
  (change: (a: Sql) => Sql): DialectFunction =>
  ([a = sql`NULL`], type) =>
    isInteger(type) ? a : change(a)

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
    parameter: castTo,
    comparable: (type, operand) =>
      type === 'Edm.String' ? byBytes(operand) : typed(type, operand),
    // Texts are equal when their bytes are, whatever the collation.
    equatable: typed,
    // Text sorts as its column does, so that an index answers; what follows a row is found in the same order.
    sortable: typed,
    // What is served is what is compared (an inet is `1.2.3.4` and `1.2.3.4/32`), and has an equal: json and xml have none.
    given: (type, operand) => (type === 'Edm.String' ? asText(operand) : operand),
    same: (left, right) => sql`${left} IS NOT DISTINCT FROM ${right}`,
    different: (left, right) => sql`${left} IS DISTINCT FROM ${right}`,
    isTrue: (condition) => sql`(${condition}) IS TRUE`,
    limit: (limit, offset) =>
      sql`${limit === undefined ? empty : sql` LIMIT (${limit})::int8`}${
        offset === undefined ? empty : sql` OFFSET (${offset})::int8`
      }`,
    orderNulls: (descending) => (descending ? sql` NULLS LAST` : sql` NULLS FIRST`),
    functions: {
      concat: binary((a, b) => sql`(${asText(a)} || ${asText(b)})`),
      contains: texts((a, b) => sql`(strpos(${a}, ${b}) > 0)`),
      startswith: texts((a, b) => sql`starts_with(${a}, ${b})`),
      endswith: texts((a, b) => sql`(right(${a}, char_length(${b})) = ${b})`),
      indexof: texts((a, b) => sql`(strpos(${a}, ${b}) - 1)`),
      length: unary((a) => sql`char_length(${asText(a)})`),
      substring: ternary((a, from, count) => {
        const text = asText(a)
        const at = sql`(${from})::int4`
        const start = sql`(CASE WHEN ${at} < 0 THEN greatest(char_length(${text}) + ${at}, 0) ELSE ${at} END + 1)`
        return count === undefined
          ? sql`substr(${text}, ${start})`
          : sql`substr(${text}, ${start}, greatest((${count})::int4, 0))`
      }),
      // Its own regular expressions, in which the common forms mean the same; statement_timeout ends one that runs away.
      matchespattern: binary((a, b) => sql`(${asText(a)} ~ ${asText(b)})`),
      // The collation says what a letter is, not how what comes out sorts.
      tolower: unary((a) => byBytes(sql`lower(${cased(a)})`)),
      toupper: unary((a) => byBytes(sql`upper(${cased(a)})`)),
      trim: unary((a) => sql`btrim(${asText(a)}, ${blanks})`),
      year: part(sql`YEAR`),
      month: part(sql`MONTH`),
      day: part(sql`DAY`),
      hour: part(sql`HOUR`),
      minute: part(sql`MINUTE`),
      second: part(sql`SECOND`),
      fractionalseconds: fraction,
      date: unary((a) => castTo('Edm.Date', castTo('Edm.DateTimeOffset', a))),
      time: unary((a) => castTo('Edm.TimeOfDay', castTo('Edm.DateTimeOffset', a))),
      totalseconds: unary((a) => a),
      now: nullary(sql`now()`),
      round: ([a = sql`NULL`], type) => {
        if (isInteger(type)) return a
        // round() of a float goes to the even neighbour.
        return type === 'Edm.Decimal'
          ? sql`round(${a})`
          : sql`(sign(${a}) * floor(abs(${a}) + 0.5))`
      },
      floor: whole((a) => sql`floor(${a})`),
      ceiling: whole((a) => sql`ceil(${a})`),
    },
    // Stamps as JSON has them: the text of one is none in ISO 8601.
    list: (operand) =>
      sql`(CASE WHEN pg_typeof(${operand})::oid IN (1115, 1185) THEN to_json(${operand}) ELSE to_json((${operand})::text[]) END)::text`,
    // Stamps without a zone have a type of their own here.
    stamp: (_as, operand) => operand,
    arithmetic,
    cast,
    aggregate,
    collect,
  }
}
