import {
  type CompiledQuery,
  type Dialect,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresDialect,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import type { ClientBase } from 'pg'
import type { Schema } from '../schema.ts'

const building: Dialect = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
}

/** Builds statements and never runs them: running is the business of the store's own connections. */
export const postgresBuilder = (): Kysely<Schema> => new Kysely<Schema>({ dialect: building })

/** Runs nothing, and tells every statement that it was given to run. */
export const postgresDry = (tell: (query: CompiledQuery) => void): Kysely<never> =>
  new Kysely<never>({ dialect: building, log: ({ query }) => tell(query) })

/** Runs on a given connection; only for migrations. @param onFailure hears of each statement that fails */
export const postgresRunner = (
  client: ClientBase,
  onFailure: (error: unknown) => void = () => undefined,
): Kysely<never> => {
  const query = async (text: string, values: readonly unknown[]) => {
    try {
      return await client.query(text, [...values])
    } catch (error) {
      onFailure(error)
      throw error
    }
  }
  return new Kysely<never>({
    dialect: new PostgresDialect({
      pool: {
        options: {},
        connect: async () => ({
          query: query as never,
          release: () => undefined,
        }),
        end: async () => undefined,
      },
    }),
  })
}
