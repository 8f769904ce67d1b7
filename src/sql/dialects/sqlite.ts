import type { ArithmeticOperator } from '#odata/ast.ts'
import { familyOf, isInteger, type EdmType } from '#odata/edm/types.ts'
import type { StampForm } from '#query/plan.ts'
import type { Dialect, NestedColumn } from '../dialect.ts'
import { binary, nullary, ternary, unary } from '../cells.ts'
import { empty, join, sql, type Sql } from '../fragment.ts'

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
  'Edm.Duration': asIs,
}

/**
 * A function of text by SQLite's own, which knows ASCII alone, where the text is no more than that: calling ours costs ten times
 * as much, and Node keeps what it was called with until the statement gives a row. Only of a column or a value, since it
 * stands here more than once.
 */
const byScript = (name: Sql, ours: Sql) =>
  unary((a) =>
    a.parts.length > 8
      ? sql`${ours}(${a})`
      : sql`CASE WHEN ${a} NOT GLOB '*[^ -~]*' THEN ${name}(${a}) ELSE ${ours}(${a}) END`,
  )

/** The connector registers these, too. */
const stamps: Record<StampForm, Sql> = {
  local: sql`stamp_local`,
  instant: sql`stamp_instant`,
  ordered: sql`stamp_ordered`,
  grouped: sql`stamp_grouped`,
}

const part = (format: Sql) => unary((a) => sql`CAST(strftime(${format}, ${a}) AS INTEGER)`)

/** SQLite keeps REAL and INTEGER apart by value: an integer divided by an integer is cut. */
const real = (operand: Sql): Sql => sql`CAST(${operand} AS REAL)`

const whole: Record<ArithmeticOperator, (a: Sql, b: Sql) => Sql> = {
  add: (a, b) => sql`(${a} + ${b})`,
  sub: (a, b) => sql`(${a} - ${b})`,
  mul: (a, b) => sql`(${a} * ${b})`,
  div: (a, b) => sql`(${a} / ${b})`,
  divby: (a, b) => sql`(${real(a)} / ${b})`,
  mod: (a, b) => sql`(${a} % ${b})`,
}
const fractional: Record<ArithmeticOperator, (a: Sql, b: Sql) => Sql> = {
  ...whole,
  div: (a, b) => sql`(${real(a)} / ${b})`,
  // `%` would cut both sides to integers.
  mod: (a, b) => sql`(${a} - ${b} * CAST(${a} / nullif(${real(b)}, 0) AS INTEGER))`,
}

/** Dates keep their text; stamps are written as GMT with milliseconds; spans are seconds. */
const temporal = (operator: ArithmeticOperator, a: Sql, b: Sql, type: EdmType): Sql => {
  if (type === 'Edm.Duration')
    return sql`round(unixepoch(${a}, 'subsec') - unixepoch(${b}, 'subsec'), 3)`
  const shift = operator === 'sub' ? sql`(-(${b})) || ' seconds'` : sql`(${b}) || ' seconds'`
  return type === 'Edm.Date'
    ? sql`date(${a}, ${shift})`
    : sql`strftime('%Y-%m-%dT%H:%M:%fZ', ${a}, ${shift})`
}

const arithmetic: Dialect['arithmetic'] = (operator, left, right, type) => {
  const family = left.type === undefined ? 'number' : familyOf(left.type)
  if (family === 'datetime' || family === 'date')
    return temporal(operator, left.sql, right.sql, type)
  return (isInteger(type) ? whole : fractional)[operator](left.sql, right.sql)
}

const cast: Dialect['cast'] = ({ sql: operand, type }, to) => {
  const family = familyOf(to)
  if (family === 'number') return isInteger(to) ? sql`CAST(${operand} AS INTEGER)` : real(operand)
  if (family === 'date') return sql`date(${operand})`
  if (family === 'time') return sql`strftime('%H:%M:%f', ${operand})`
  if (type === 'Edm.Boolean')
    return sql`(CASE ${operand} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)`
  return type === 'Edm.Guid' ? sql`lower(${operand})` : sql`CAST(${operand} AS TEXT)`
}

const aggregate: Dialect['aggregate'] = (method, operand) => {
  if (operand === undefined) return sql`count(*)`
  const { sql: of, type } = operand
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
      return sql`count(DISTINCT ${type === undefined ? of : comparables[type](of)})`
    case 'count':
      return sql`count(${of})`
  }
}

/** What JSON would bend goes as text (query/nested.ts). */
const inJson = ({ sql: column, type }: NestedColumn): Sql => {
  if (type === 'rows') return sql`json(${column})`
  if (type === 'Edm.Int64') return sql`CAST(${column} AS TEXT)`
  // hex() makes an empty text of null.
  return type === 'Edm.Binary' ? sql`iif(${column} IS NULL, NULL, hex(${column}))` : column
}

const collect: Dialect['collect'] = (columns, rows) =>
  sql`(SELECT json_group_array(json_array(${join(columns.map(inJson), sql`, `)})) FROM (${rows}))`

/** SQLite keeps dates and times as text; `strftime` reads every ISO form and gives GMT. */
export const sqlite: Dialect = {
  placeholder: () => '?',
  parameter: (_type, value) => value,
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
    concat: binary((a, b) => sql`(${a} || ${b})`),
    contains: binary((a, b) => sql`(instr(${a}, ${b}) > 0)`),
    startswith: binary((a, b) => sql`(substr(${a}, 1, length(${b})) = ${b} COLLATE BINARY)`),
    // From its start, because a negative length of zero would mean the whole text.
    endswith: binary(
      (a, b) => sql`(substr(${a}, length(${a}) - length(${b}) + 1) = ${b} COLLATE BINARY)`,
    ),
    indexof: binary((a, b) => sql`(instr(${a}, ${b}) - 1)`),
    length: unary((a) => sql`length(${a})`),
    substring: ternary((a, from, count) => {
      const start = sql`(CASE WHEN ${from} < 0 THEN max(length(${a}) + ${from}, 0) ELSE ${from} END + 1)`
      return count === undefined
        ? sql`substr(${a}, ${start})`
        : sql`substr(${a}, ${start}, max(${count}, 0))`
    }),
    // SQLite's own lower() knows ASCII only and it has no regular expressions; the connector registers these four, and those for stamps.
    matchespattern: binary((a, b) => sql`pattern_matches(${a}, ${b})`),
    tolower: byScript(sql`lower`, sql`unicode_lower`),
    toupper: byScript(sql`upper`, sql`unicode_upper`),
    trim: byScript(sql`trim`, sql`unicode_trim`),
    year: part(sql`'%Y'`),
    month: part(sql`'%m'`),
    day: part(sql`'%d'`),
    hour: part(sql`'%H'`),
    minute: part(sql`'%M'`),
    second: part(sql`'%S'`),
    fractionalseconds: unary((a) => sql`CAST('0' || substr(strftime('%f', ${a}), 3) AS REAL)`),
    date: unary((a) => sql`date(${a})`),
    time: unary((a) => sql`strftime('%H:%M:%f', ${a})`),
    totalseconds: unary(asIs),
    now: nullary(sql`strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`),
    round: unary((a) => sql`round(${a})`),
    floor: unary((a) => sql`floor(${a})`),
    ceiling: unary((a) => sql`ceil(${a})`),
  },
  // No column of SQLite is a list.
  list: (operand) => operand,
  stamp: (as, operand, zone) => sql`${stamps[as]}(${operand}, ${zone})`,
  arithmetic,
  cast,
  aggregate,
  collect,
}
