import type { QueryOptions } from './ast.ts'

/** The options of a query that has none. */
export const noOptions: QueryOptions = {
  filter: undefined,
  select: undefined,
  expand: undefined,
  orderBy: undefined,
  compute: undefined,
  apply: undefined,
  search: undefined,
  top: undefined,
  skip: undefined,
  count: false,
  levels: undefined,
  skipToken: undefined,
  deltaToken: undefined,
  format: undefined,
  id: undefined,
  index: undefined,
  schemaVersion: undefined,
  explain: false,
  timeZone: undefined,
  aliases: new Map(),
}
