// The engine inside a reader process, shut in: no network, no extension, no file but those of one folder, a bound on memory.
import { availableParallelism } from 'node:os'
import type * as DuckDB from '@duckdb/node-api'
import { literal, quoted, type View } from './relation.ts'

export type Engine = typeof DuckDB

const settings = {
  threads: String(Math.min(2, availableParallelism())),
  memory_limit: '256MB',
  // What does not fit into memory is refused: rows of data sources are not written to the server's disk.
  temp_directory: '',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  allow_community_extensions: 'false',
  allow_unsigned_extensions: 'false',
  // Would keep in memory what the system keeps anyhow.
  enable_external_file_cache: 'false',
}

/** An engine that sees one folder. */
export type OpenFolder = {
  readonly folder: string
  /** A connection on which these views exist. */
  readonly connect: (views: readonly View[]) => Promise<DuckDB.DuckDBConnection>
  readonly close: () => void
}

const shut = (folder: string): string =>
  `SET GLOBAL TimeZone = 'UTC';
   SET allowed_directories = [${literal(folder)}];
   SET enable_external_access = false;
   CREATE SCHEMA files;
   SET lock_configuration = true;`

/** Opens the engine for a folder. From here on nothing of its settings can be changed, whatever statement it is given. */
export const openFolder = async (engine: Engine, folder: string): Promise<OpenFolder> => {
  const instance = await engine.DuckDBInstance.create(':memory:', settings)
  const first = await instance.connect()
  await first.run(shut(folder))
  const known = new Map<string, string>()
  const createViews = async (
    connection: DuckDB.DuckDBConnection,
    views: readonly View[],
  ): Promise<void> => {
    await connection.run('USE files')
    for (const { name, sql } of views) {
      if (known.get(name) === sql) continue
      known.delete(name)
      await connection.run(`CREATE OR REPLACE VIEW files.${quoted(name)} AS ${sql}`)
      known.set(name, sql)
    }
  }
  const connect = async (views: readonly View[]): Promise<DuckDB.DuckDBConnection> => {
    const connection = await instance.connect()
    try {
      await createViews(connection, views)
      return connection
    } catch (error) {
      connection.closeSync()
      throw error
    }
  }
  const close = (): void => {
    first.closeSync()
    instance.closeSync()
  }
  return { folder, connect, close }
}
