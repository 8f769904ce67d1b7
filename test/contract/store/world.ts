import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Command, first, run } from '#store/command.ts'
import type { MigrateMode } from '#store/migrate.ts'
import type { Store } from '#store/store.ts'

type Values = Readonly<Record<string, unknown>>

/** A system database of a test, whatever its engine, and what the tests do to it from outside. */
export type Database = {
  /** One more Store on the same database, as another process would have it; closed after the test. */
  readonly open: (mode?: MigrateMode) => Promise<Store>
  /** Runs a statement on a connection of its own; it is committed when this resolves. */
  readonly run: (statement: string) => Promise<readonly Values[]>
  /** Inside a command: another connection commits the statement before this command goes on. */
  readonly meanwhile: (statement: string) => Command<void>
  /** The text of a module that defines `open()`, for a process of its own. */
  readonly opening: string
  /** Closes what was opened, and deletes the database. */
  readonly end: () => Promise<void>
}

/** A database with a Store that is open when the test begins. */
export type World = Database & { readonly store: Store }

export type Engine<W extends World = World> = {
  readonly name: Store['engine']
  /** A commit of another connection is recalled no longer than this. Milliseconds. */
  readonly promise: number
  /** A database that nobody has opened yet. */
  readonly empty: () => Promise<Database>
  /** A database that this release has created. */
  readonly world: () => Promise<W>
  /** Names of all tables, and of those with a column of the given name. */
  readonly tables: string
  readonly tablesWith: (column: string) => string
}

export const storePath = (file: string): string =>
  JSON.stringify(join(import.meta.dirname, '../../../src/store', file))

/** Runs a module in a process of its own. `said` waits until it has printed the text. */
export const startScript = (script: string) => {
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (out += chunk.toString()))
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(out)))
  const said = async (text: string): Promise<void> => {
    while (!out.includes(text)) {
      if (child.exitCode !== null) throw new Error(`"${text}" did not come: ${out}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return { ended, said, kill: () => child.kill('SIGKILL') }
}

/** Inserts a row that expires. */
export const insert = ({ sql }: Store, subject: string, expiresAt = 1): Command<number> =>
  run(
    sql.insertInto('login_failures').values({
      subject,
      failures: 0,
      window_ends_at: 1,
      locked_at: null,
      locked_until: null,
      expires_at: expiresAt,
    }),
  )

export const counterOf = ({ sql }: Store, subject: string) =>
  sql.selectFrom('login_failures').select('failures').where('subject', '=', subject)

export const setCounter = ({ sql }: Store, subject: string, failures: number): Command<number> =>
  run(sql.updateTable('login_failures').set({ failures }).where('subject', '=', subject))

export function* countRows({ sql }: Store): Command<number> {
  const row = yield* first(
    sql.selectFrom('login_failures').select((e) => e.fn.countAll<number>().as('n')),
  )
  return row?.n ?? -1
}

/** What another connection sees, so what is committed. */
export const committed = async (world: World): Promise<number> => {
  const [row] = await world.run('select count(*) as n from login_failures')
  return Number(row?.['n'])
}

export const subjectsOf = async (world: World): Promise<readonly unknown[]> => {
  const rows = await world.run('select subject from login_failures order by subject')
  return rows.map((row) => row['subject'])
}
