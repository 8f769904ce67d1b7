import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import {
  type CompiledQuery,
  type Dialect,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Schema } from '../schema.ts'

const building: Dialect = {
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
}

/** Builds statements and never runs them: running is the business of the store's own connections. */
export const sqliteBuilder = (): Kysely<Schema> => new Kysely<Schema>({ dialect: building })

/** Runs nothing, and tells every statement that it was given to run. */
export const sqliteDry = (tell: (query: CompiledQuery) => void): Kysely<never> =>
  new Kysely<never>({ dialect: building, log: ({ query }) => tell(query) })

/** Runs on a given connection; only for migrations. */
export const sqliteRunner = (database: DatabaseSync): Kysely<never> =>
  new Kysely<never>({
    dialect: new SqliteDialect({
      database: {
        close: () => undefined,
        prepare: (text) => {
          const statement = database.prepare(text)
          return {
            reader: statement.columns().length > 0,
            all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
            run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
            iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
          }
        },
      },
    }),
  })
