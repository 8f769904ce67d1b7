import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresDialect,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import type { ClientBase } from 'pg'
import type { Schema } from '../schema.ts'

/** Builds statements and never runs them: running is the business of the store's own connections. */
export const postgresBuilder = (): Kysely<Schema> =>
  new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })

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
