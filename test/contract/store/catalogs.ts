import type { Database } from './world.ts'

/** What a database consists of, in lines that both engines can be brought to. */
export type Catalog = readonly string[]

const lines = async (database: Database, query: string): Promise<readonly string[]> =>
  (await database.run(query)).map((row) => String(row['line']))

const gather = async (database: Database, queries: readonly string[]): Promise<Catalog> => {
  const all: string[] = []
  for (const query of queries) all.push(...(await lines(database, query)))
  return all.sort()
}

/** Columns with type, whether they may be null, and place in the primary key; foreign keys with their rule; indexes with columns. */
export const readSqliteCatalog = (database: Database): Promise<Catalog> =>
  gather(database, [
    `select m.name || '.' || c.name || ' ' || lower(c.type) || iif(c."notnull" or c.pk, ' not null', '') ||
        iif(c.pk, ' key ' || c.pk, '') || iif(c.dflt_value is null, '', ' default ' || c.dflt_value) as line
      from sqlite_master m join pragma_table_info(m.name) c
      where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like 'kysely_%'`,
    `select m.name || '.' || f."from" || ' -> ' || f."table" || '.' || f."to" || ' ' || lower(f.on_delete) as line
      from sqlite_master m join pragma_foreign_key_list(m.name) f where m.type = 'table'`,
    `select iif(i."unique", 'unique ', 'index ') || m.name || ' (' ||
        (select group_concat(name, ', ') from (select name from pragma_index_info(i.name) order by seqno)) || ')' as line
      from sqlite_master m join pragma_index_list(m.name) i
      where m.type = 'table' and i.origin <> 'pk' and m.name not like 'kysely_%'`,
    `select 'named ' || i.name as line from sqlite_master m join pragma_index_list(m.name) i where i.origin = 'c'`,
  ])

const columns = (array: string, table: string): string =>
  `(select string_agg(a.attname, ', ' order by k.place) from unnest(${array}) with ordinality k (number, place)
    join pg_attribute a on a.attrelid = ${table} and a.attnum = k.number)`

export const readPostgresCatalog = (database: Database): Promise<Catalog> =>
  gather(database, [
    `select c.relname || '.' || a.attname || ' ' ||
        case format_type(a.atttypid, a.atttypmod) when 'bigint' then 'integer' when 'bytea' then 'blob'
          else format_type(a.atttypid, a.atttypmod) end ||
        case when a.attnotnull then ' not null' else '' end ||
        coalesce(' key ' || array_position(p.conkey, a.attnum), '') ||
        coalesce(' default ' || replace(pg_get_expr(d.adbin, d.adrelid), '::text', ''), '') as line
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_constraint p on p.conrelid = c.oid and p.contype = 'p'
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname not like 'kysely_%'`,
    `select t.relname || '.' || ${columns('f.conkey', 'f.conrelid')} || ' -> ' || r.relname || '.' ||
        ${columns('f.confkey', 'f.confrelid')} || ' ' ||
        case f.confdeltype when 'c' then 'cascade' when 'a' then 'no action' when 'n' then 'set null' else f.confdeltype::text end as line
      from pg_constraint f join pg_class t on t.oid = f.conrelid join pg_class r on r.oid = f.confrelid where f.contype = 'f'`,
    `select case when i.indisunique then 'unique ' else 'index ' end || t.relname || ' (' || ${columns('i.indkey', 'i.indrelid')} || ')' as line
      from pg_index i join pg_class t on t.oid = i.indrelid
      where t.relnamespace = 'public'::regnamespace and not i.indisprimary and t.relname not like 'kysely_%'`,
    `select 'named ' || x.relname as line from pg_index i join pg_class x on x.oid = i.indexrelid
      where x.relnamespace = 'public'::regnamespace
        and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)`,
  ])
