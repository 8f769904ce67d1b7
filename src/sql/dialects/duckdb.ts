import type { ArithmeticOperator } from '#odata/ast.ts'
import { familyOf, isInteger, type EdmType } from '#odata/edm/types.ts'
import { binary, nullary, ternary, unary } from '../cells.ts'
import type { Dialect, DialectFunction, Operand } from '../dialect.ts'
import { empty, join, sql, type Sql } from '../fragment.ts'

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
  'Edm.Duration': asIs,
}

const stamp = comparables['Edm.DateTimeOffset']

/** A part of a date, a stamp or a time of day, each of which may be a text. */
const part =
  (cell: (a: Sql) => Sql): DialectFunction =>
  ([a = sql`NULL`], _type, [from]) =>
    sql`CAST(${cell(comparables[from === 'Edm.TimeOfDay' ? from : 'Edm.DateTimeOffset'](a))} AS INTEGER)`

const fraction: DialectFunction = ([a = sql`NULL`], _type, [from]) =>
  sql`((microsecond(${comparables[from === 'Edm.TimeOfDay' ? from : 'Edm.DateTimeOffset'](a)}) % 1000000) / 1000000.0)`

const long = (operand: Sql): Sql => sql`CAST(${operand} AS BIGINT)`
const double = (operand: Sql): Sql => sql`CAST(${operand} AS DOUBLE)`

const whole: Record<ArithmeticOperator, (a: Sql, b: Sql) => Sql> = {
  add: (a, b) => sql`(${long(a)} + ${long(b)})`,
  sub: (a, b) => sql`(${long(a)} - ${long(b)})`,
  mul: (a, b) => sql`(${long(a)} * ${long(b)})`,
  div: (a, b) => sql`(${long(a)} // nullif(${long(b)}, 0))`,
  divby: (a, b) => sql`(${double(a)} / nullif(${double(b)}, 0))`,
  mod: (a, b) => sql`(${long(a)} % nullif(${long(b)}, 0))`,
}
const fractional: Record<ArithmeticOperator, (a: Sql, b: Sql) => Sql> = {
  add: (a, b) => sql`(${a} + ${b})`,
  sub: (a, b) => sql`(${a} - ${b})`,
  mul: (a, b) => sql`(${a} * ${b})`,
  div: whole.divby,
  divby: whole.divby,
  mod: (a, b) => sql`(${a} % nullif(${b}, 0))`,
}

/** Durations are seconds. */
const temporal = (operator: ArithmeticOperator, a: Sql, b: Sql, type: EdmType): Sql => {
  if (type === 'Edm.Duration')
    return sql`((epoch_us(${stamp(a)}) - epoch_us(${stamp(b)})) / 1000000.0)`
  const sign = operator === 'sub' ? sql` - ` : sql` + `
  const moved = sql`(${stamp(a)}${sign}to_microseconds(CAST((${b}) * 1000000 AS BIGINT)))`
  return comparables[type](moved)
}

const arithmetic: Dialect['arithmetic'] = (operator, left, right, type) => {
  const family = left.type === undefined ? 'number' : familyOf(left.type)
  if (family === 'datetime' || family === 'date')
    return temporal(operator, left.sql, right.sql, type)
  if (isInteger(type)) return whole[operator](left.sql, right.sql)
  const [a, b] =
    type === 'Edm.Double' ? [double(left.sql), double(right.sql)] : [left.sql, right.sql]
  return fractional[operator](a, b)
}

const cast: Dialect['cast'] = ({ sql: operand }, to) => {
  const family = familyOf(to)
  if (family === 'number')
    return isInteger(to) ? long(operand) : to === 'Edm.Decimal' ? operand : double(operand)
  return family === 'string' ? sql`CAST(${operand} AS VARCHAR)` : comparables[to](operand)
}

const comparableOf = ({ type, sql: operand }: Operand): Sql =>
  type === undefined ? operand : comparables[type](operand)

const aggregate: Dialect['aggregate'] = (method, operand) => {
  if (operand === undefined) return sql`count(*)`
  const of = comparableOf(operand)
  switch (method) {
    case 'sum':
      return sql`sum(${of})`
    case 'average':
      return sql`avg(${of})`
    case 'min':
      return sql`min(${of})`
    case 'max':
      return sql`max(${of})`
    case 'countdistinct':
      return sql`count(DISTINCT ${of})`
    case 'count':
      return sql`count(${of})`
  }
}

/** Rows inside a cell are a list of structures, which the connector reads as lists. */
const collect: Dialect['collect'] = (columns, rows, order) => {
  const items = order.map(({ sql: column, descending }) =>
    descending ? sql`${column} DESC NULLS LAST` : sql`${column} NULLS FIRST`,
  )
  const sorted = items.length === 0 ? empty : sql` ORDER BY ${join(items, sql`, `)}`
  const row = join(
    columns.map((column) => column.sql),
    sql`, `,
  )
  return sql`(SELECT list(row(${row})${sorted}) FROM (${rows}) AS q)`
}

/** What String.prototype.trim takes away. */
const blanks = sql`(chr(9)||chr(10)||chr(11)||chr(12)||chr(13)||chr(32)||chr(160)||chr(5760)||chr(8192)||chr(8193)||chr(8194)||chr(8195)||chr(8196)||chr(8197)||chr(8198)||chr(8199)||chr(8200)||chr(8201)||chr(8202)||chr(8232)||chr(8233)||chr(8239)||chr(8287)||chr(12288)||chr(65279))`

const unlessWhole =
  (change: (a: Sql) => Sql): DialectFunction =>
  ([a = sql`NULL`], type) =>
    isInteger(type) ? a : change(a)

/** DuckDB compares text byte by byte and knows stamps; values come with their types. */
export const duckdb: Dialect = {
  placeholder: (n) => `$${n}`,
  parameter: (_type, value) => value,
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
    concat: binary((a, b) => sql`(${a} || ${b})`),
    contains: binary((a, b) => sql`contains(${a}, ${b})`),
    startswith: binary((a, b) => sql`starts_with(${a}, ${b})`),
    endswith: binary((a, b) => sql`ends_with(${a}, ${b})`),
    indexof: binary((a, b) => sql`CAST(instr(${a}, ${b}) - 1 AS INTEGER)`),
    length: unary((a) => sql`CAST(length(${a}) AS INTEGER)`),
    substring: ternary((a, from, count) => {
      const start = sql`(CASE WHEN ${from} < 0 THEN greatest(length(${a}) + ${from}, 0) ELSE ${from} END + 1)`
      return count === undefined
        ? sql`substr(${a}, ${start})`
        : sql`substr(${a}, ${start}, greatest(${count}, 0))`
    }),
    // RE2: linear in the length of the text, without look-around and back references.
    matchespattern: binary((a, b) => sql`regexp_matches(${a}, ${b})`),
    tolower: unary((a) => sql`lower(${a})`),
    toupper: unary((a) => sql`upper(${a})`),
    trim: unary((a) => sql`trim(${a}, ${blanks})`),
    year: part((a) => sql`year(${a})`),
    month: part((a) => sql`month(${a})`),
    day: part((a) => sql`day(${a})`),
    hour: part((a) => sql`hour(${a})`),
    minute: part((a) => sql`minute(${a})`),
    second: part((a) => sql`second(${a})`),
    fractionalseconds: fraction,
    date: unary((a) => comparables['Edm.Date'](stamp(a))),
    time: unary((a) => comparables['Edm.TimeOfDay'](stamp(a))),
    totalseconds: unary(asIs),
    now: nullary(sql`make_timestamp(epoch_us(now()))`),
    round: unlessWhole((a) => sql`round(${a})`),
    floor: unlessWhole((a) => sql`floor(${a})`),
    ceiling: unlessWhole((a) => sql`ceil(${a})`),
  },
  list: (operand) => sql`CAST(to_json(CAST(${operand} AS VARCHAR[])) AS VARCHAR)`,
  // Stamps without a zone have a type of their own here.
  stamp: (_as, operand) => operand,
  arithmetic,
  cast,
  aggregate,
  collect,
}
