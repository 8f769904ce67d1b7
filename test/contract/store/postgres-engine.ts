import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Command } from '#store/command.ts'
import { oldestCompatible } from '#store/migrations/index.ts'
import { openPostgresStore } from '#store/postgres/store.ts'
import type { Store } from '#store/store.ts'
import type { Cluster } from '#test/support/postgres.ts'
import { type Database, type Engine, storePath } from './world.ts'

/** Any number that nobody else uses. */
const meetingLock = 5_551_212

const waiting = `select 1 from pg_locks l join pg_database d on d.oid = l.database
  where d.datname = current_database() and l.locktype = 'advisory' and l.objid = ${meetingLock} and not l.granted`

/** Lets a command wait in the database until something else is committed there. */
const createMeeting = (url: string) => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  let met: Promise<void> | undefined
  const commitWhileItWaits = async (statement: string): Promise<void> => {
    while ((await client.query(waiting)).rows.length === 0) await sleep(5)
    await client.query(statement)
    await client.query('select pg_advisory_unlock($1)', [meetingLock])
  }
  return {
    prepare: async () => {
      await client.connect()
      await client.query('select pg_advisory_lock($1)', [meetingLock])
    },
    // A command may be run more than once; what comes in between happens once.
    meanwhile: function* (statement: string): Command<void> {
      met ??= commitWhileItWaits(statement)
      yield {
        sql: `select pg_advisory_xact_lock_shared(${meetingLock})`,
        parameters: [],
      } as never
    },
    end: async () => {
      await met
      await client.end()
    },
  }
}

/** As after the first opening: foreign keys do not matter when everything goes. */
const emptyTables = `set session_replication_role = replica;
  do $$ declare t text; begin
    for t in select table_name from information_schema.tables where table_schema = 'public'
        and table_name not in ('kysely_migration', 'kysely_migration_lock', 'schema_facts') loop
      execute format('delete from %I', t);
    end loop;
  end $$;
  delete from kysely_migration where name like '9999-%';
  update schema_facts set value = '${oldestCompatible}'`

export type PostgresDatabase = Database & { readonly url: string }

export const postgresEngine = (cluster: () => Cluster) => {
  const at = async (url: string): Promise<PostgresDatabase> => {
    const opened: Store[] = []
    const meeting = createMeeting(url)
    await meeting.prepare()
    const open: Database['open'] = async (mode = 'auto') => {
      const store = await openPostgresStore({ url, poolSize: 4, mode })
      opened.push(store)
      return store
    }
    return {
      url,
      open,
      run: (statement) => cluster().run(statement, url),
      meanwhile: (statement) => meeting.meanwhile(statement),
      opening: `import { openPostgresStore } from ${storePath('postgres/store.ts')}
        const open = () => openPostgresStore({ url: ${JSON.stringify(url)}, poolSize: 2, mode: 'auto' })`,
      end: async () => {
        await Promise.all([meeting.end(), ...opened.map((store) => store.close())])
      },
    }
  }
  const empty = async () => at(await cluster().createDatabase())
  // To make and drop a database costs more than most tests: those that change rows alone share one.
  let shared: Promise<string> | undefined
  const createShared = async (): Promise<string> => {
    const url = await cluster().createDatabase()
    const store = await openPostgresStore({ url, poolSize: 1, mode: 'auto' })
    await store.close()
    return url
  }
  const engine = {
    name: 'postgres' as const,
    promise: 500,
    empty,
    world: async () => {
      const database = await at(await (shared ??= createShared()))
      const end = async (): Promise<void> => {
        await database.end()
        await cluster().run(emptyTables, database.url)
      }
      return { ...database, end, store: await database.open() }
    },
    tables: `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
    tablesWith: (column: string) =>
      `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = '${column}'`,
  } satisfies Engine
  return engine
}
