import type { Dialect } from '../dialect.ts'
import { duckdb } from './duckdb.ts'
import { createPostgresDialect } from './postgres.ts'
import { sqlite } from './sqlite.ts'

export const dialects = {
  duckdb,
  sqlite,
  postgres: createPostgresDialect({ caseCollation: undefined }),
} as const satisfies Record<string, Dialect>
