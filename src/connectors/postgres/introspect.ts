// The catalog of one schema, in three statements whatever the number of tables.
import type { ColumnShape, ForeignKeyShape } from '#odata/edm/tables.ts'
import type { EdmType } from '#odata/edm/types.ts'
import type { Catalog, Table, TableIndex } from '#query/catalog.ts'
import type { Cell, Row } from '#query/plan.ts'

/** A statement with the types of what it gives; its one value is the name of the schema. */
export type CatalogQuery = { readonly text: string; readonly outputs: readonly EdmType[] }

const [text, truth, whole] = ['Edm.String', 'Edm.Boolean', 'Edm.Int32'] as const

// Tables, views, materialized views and foreign tables that may be read, in part at least. A partition is read through its
// table. A relation of the system's name is left out: its plain name means the system's.
const relations = `relation AS (
  SELECT c.oid, c.relname, c.relkind, c.relnamespace, c.relacl
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
    AND NOT EXISTS (
      SELECT FROM pg_class s WHERE s.relname = c.relname AND s.relnamespace = 'pg_catalog'::regnamespace))`

const schemaQuery: CatalogQuery = {
  text: `SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1`,
  outputs: [truth],
}

const columnQuery: CatalogQuery = {
  text: `WITH RECURSIVE ${relations},
    domain(oid, base, mod, required) AS (
      SELECT oid, typbasetype, typtypmod, typnotnull FROM pg_type WHERE typtype = 'd'
      UNION ALL
      SELECT d.oid, t.typbasetype, t.typtypmod, d.required OR t.typnotnull
      FROM domain d JOIN pg_type t ON t.oid = d.base AND t.typtype = 'd')
    SELECT c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN b.typtype = 'p' THEN '' WHEN b.typnamespace = 'pg_catalog'::regnamespace THEN b.typname ELSE 'other' END,
      coalesce(d.mod, a.atttypmod), a.attnotnull OR coalesce(d.required, FALSE),
      CASE WHEN b.typcategory = 'A' AND b.typname NOT IN ('int2vector', 'oidvector') THEN
        CASE WHEN e.typnamespace = 'pg_catalog'::regnamespace THEN e.typname ELSE 'other' END END
    FROM relation c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN (SELECT s.* FROM domain s JOIN pg_type t ON t.oid = s.base AND t.typtype <> 'd') d
      ON d.oid = a.atttypid
    JOIN pg_type b ON b.oid = coalesce(d.base, a.atttypid)
    LEFT JOIN pg_type e ON e.oid = b.typelem
    WHERE has_column_privilege(c.oid, a.attnum, 'SELECT')
    ORDER BY c.relname COLLATE "C", a.attnum`,
  outputs: [text, text, text, text, text, whole, truth, text],
}

const keyQuery: CatalogQuery = {
  text: `WITH ${relations}
    SELECT c.relname, k.conname, k.contype = 'p', a.attname, t.relname, b.attname
    FROM relation c
    JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'f') AND k.conparentid = 0
    CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS part(own, other, at)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.own
    LEFT JOIN relation t ON t.oid = k.confrelid
    LEFT JOIN pg_attribute b ON b.attrelid = t.oid AND b.attnum = part.other
    WHERE k.contype = 'p' OR t.oid IS NOT NULL
    ORDER BY c.relname COLLATE "C", k.conname COLLATE "C", part.at`,
  outputs: [text, text, truth, text, text, text],
}

const indexQuery: CatalogQuery = {
  text: `WITH ${relations}
    SELECT c.relname, x.relname, i.indisunique, a.attname
    FROM relation c
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree'
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS part(own, at)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.own
    WHERE part.at <= i.indnkeyatts AND NOT EXISTS (SELECT FROM unnest(i.indoption::int2[]) AS o WHERE o <> 0)
    ORDER BY c.relname COLLATE "C", NOT i.indisprimary, x.relname COLLATE "C", part.at`,
  outputs: [text, text, truth, text],
}

export const catalogQueries = {
  schema: schemaQuery,
  columns: columnQuery,
  keys: keyQuery,
  indexes: indexQuery,
} as const

/** One short text that is another one whenever the catalog is. A row of the system's catalog has a new xmin when it is changed. */
export const fingerprintQuery: CatalogQuery = {
  text: `WITH ${relations}, line AS (
      SELECT concat_ws(' ', 't', c.oid, c.relname, c.relkind, c.relacl) AS text FROM relation c
      UNION ALL
      SELECT concat_ws(' ', 'a', a.attrelid, a.attnum, a.xmin) FROM relation c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE a.attnum > 0
      UNION ALL
      SELECT concat_ws(' ', 'k', k.oid, k.xmin) FROM relation c JOIN pg_constraint k ON k.conrelid = c.oid
      UNION ALL
      SELECT concat_ws(' ', 'i', i.indexrelid, i.xmin) FROM relation c JOIN pg_index i ON i.indrelid = c.oid)
    SELECT concat_ws(':', count(*), sum(hashtextextended(text, 0)::numeric)) FROM line`,
  outputs: [text],
}

// By the name of the base type. Whatever else has a text is served as that.
const types: ReadonlyMap<string, EdmType> = new Map([
  ['int2', 'Edm.Int16'],
  ['int4', 'Edm.Int32'],
  ['int8', 'Edm.Int64'],
  ['numeric', 'Edm.Decimal'],
  ['float4', 'Edm.Single'],
  ['float8', 'Edm.Double'],
  ['bool', 'Edm.Boolean'],
  ['date', 'Edm.Date'],
  ['time', 'Edm.TimeOfDay'],
  ['timestamp', 'Edm.DateTimeOffset'],
  ['timestamptz', 'Edm.DateTimeOffset'],
  ['uuid', 'Edm.Guid'],
  ['bytea', 'Edm.Binary'],
  ['interval', 'Edm.Duration'],
])

type Served = Pick<ColumnShape, 'type' | 'opaque' | 'zoneless'>

/** A list of bytes has no form here but its text. */
const isListed = (element: string): boolean => element !== 'bytea'

/** What is served of a type. @param element the type of the values of an array, else undefined */
const servedAs = (base: string, element: string | undefined): Served => {
  if (base === '') return { type: undefined }
  if (element !== undefined && isListed(element))
    return { ...servedAs(element, undefined), opaque: 'list' }
  const type = types.get(base) ?? 'Edm.String'
  if (type === 'Edm.Duration') return { type, opaque: 'text' }
  return { type, ...(base === 'timestamp' || base === 'date' ? { zoneless: 'always' } : {}) }
}

/** PostgreSQL keeps length, or precision and scale, in one number, four above what it means; -1 is none. */
const sizesOf = (base: string, modifier: number): Pick<ColumnShape, 'length' | 'scale'> => {
  if (modifier < 4) return { length: undefined, scale: undefined }
  const size = modifier - 4
  if (base === 'varchar' || base === 'bpchar') return { length: size, scale: undefined }
  if (base !== 'numeric') return { length: undefined, scale: undefined }
  const precision = size >> 16
  // Eleven bits with a sign, since PostgreSQL 15. CSDL 7.2.3 knows neither a negative scale nor one above the precision.
  const scale = ((size & 0x7ff) ^ 0x400) - 0x400
  return scale < 0
    ? { length: precision - scale, scale: 0 }
    : { length: Math.max(precision, scale), scale }
}

const columnOf = ([, , name, declared, base, modifier, required, element]: Row): ColumnShape => ({
  name: String(name),
  declaredType: String(declared),
  ...servedAs(String(base), typeof element === 'string' ? element : undefined),
  ...sizesOf(String(base), Number(modifier)),
  nullable: required !== true,
})

/** Rows of the same value in one column, in the order in which they came. */
const groupsOf = (rows: readonly Row[], at: number): ReadonlyMap<Cell, readonly Row[]> =>
  Map.groupBy(rows, (row) => row[at] ?? null)

const texts = (rows: readonly Row[], at: number): readonly string[] =>
  rows.map((row) => String(row[at]))

const foreignKeyOf = (parts: readonly Row[]): ForeignKeyShape => ({
  columns: texts(parts, 3),
  table: String(parts[0]?.[4]),
  referencedColumns: texts(parts, 5),
})

const indexOf = (parts: readonly Row[]): TableIndex => ({
  columns: texts(parts, 3),
  unique: parts[0]?.[2] === true,
})

export type CatalogRows = {
  readonly columns: readonly Row[]
  readonly keys: readonly Row[]
  readonly indexes: readonly Row[]
}

/** Puts the rows of the queries together. */
export const catalogOf = (rows: CatalogRows): Catalog => {
  const keys = groupsOf(rows.keys, 0)
  const indexes = groupsOf(rows.indexes, 0)
  const tables = [...groupsOf(rows.columns, 0)].map(([name, columns]): Table => {
    const own = keys.get(name) ?? []
    const foreign = own.filter((row) => row[2] !== true)
    return {
      name: String(name),
      columns: columns.map(columnOf),
      primaryKey: texts(
        own.filter((row) => row[2] === true),
        3,
      ),
      foreignKeys: [...groupsOf(foreign, 1).values()].map(foreignKeyOf),
      indexes: [...groupsOf(indexes.get(name) ?? [], 1).values()].map(indexOf),
      hasRowId: false,
      isPlain: ['r', 'p', 'm'].includes(String(columns[0]?.[1])),
    }
  })
  return { tables }
}
