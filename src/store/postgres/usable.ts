import { CompiledQuery } from 'kysely'
import type { ClientBase } from 'pg'
import { type Command, first } from '../command.ts'

/** Why a PostgreSQL cannot be the system store, in words that fit behind the name of the variable. */
export class DatabaseUnusable extends Error {
  /** Whether the URL itself may be what is wrong, so that an example of a right one helps. */
  readonly urlIsWrong: boolean

  constructor(fault: string, options: { readonly urlIsWrong?: boolean; cause?: unknown } = {}) {
    super(fault, options.cause === undefined ? undefined : { cause: options.cause })
    this.urlIsWrong = options.urlIsWrong ?? false
  }
}

const oldestVersion = 14

type Fault = readonly [words: (place: string) => string, urlIsWrong?: boolean]

/** What the server says when nobody is let in: SQLSTATE or the system's code, and what to do. */
const faults: Readonly<Record<string, Fault>> = {
  '28P01': [(place) => `is refused by ${place}: user or password is wrong`, true],
  '28000': [(place) => `is refused by ${place}: this user may not connect from here (pg_hba.conf)`],
  '3D000': [(place) => `names a database that does not exist at ${place}; create it`, true],
  '42501': [
    (place) =>
      `leads to ${place}, where this user lacks a permission; make it the owner of the database, or GRANT CREATE ON SCHEMA public`,
  ],
  '53300': [
    (place) =>
      `leads to ${place}, which has no connection left; lower HEADGATE_DATABASE_POOL or raise max_connections`,
  ],
  '57P03': [(place) => `leads to ${place}, which is starting or stopping; try again when it is up`],
  ECONNREFUSED: [
    (place) =>
      `leads to ${place}, where nothing answers; start PostgreSQL, or correct host and port`,
    true,
  ],
  ENOTFOUND: [(place) => `leads to ${place}, a host that does not exist`, true],
  EAI_AGAIN: [(place) => `leads to ${place}, a host that cannot be looked up right now`, true],
  ETIMEDOUT: [(place) => `leads to ${place}, which does not answer in time`, true],
}

/** What the driver says without a code. */
const words: readonly (readonly [says: RegExp, fault: (place: string, says: string) => string])[] =
  [
    [
      /timeout exceeded when trying to connect|timeout expired/,
      (place) => `leads to ${place}, which does not answer in time`,
    ],
    [
      /does not support SSL/,
      (place) =>
        `asks for TLS, which ${place} does not offer; switch ssl on there, or leave out sslmode`,
    ],
    [
      /SSL|certificate|self.signed/i,
      (place, says) =>
        `leads to ${place}, where TLS fails (${says}); name its authority by sslrootcert`,
    ],
  ]

/** The error, and what caused it: a migration that failed wraps what the server said. */
const codeOf = (error: unknown): string | undefined => {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string') return code
  }
  return undefined
}

/** What a failed start means, or undefined where the database is not to blame. */
export const explainFailure = (error: unknown, url: string): DatabaseUnusable | undefined => {
  const code = codeOf(error)
  const { host, pathname } = new URL(url)
  const place = `${host}${pathname}`
  const [fault, urlIsWrong = false] = (code === undefined ? undefined : faults[code]) ?? []
  if (fault !== undefined) return new DatabaseUnusable(fault(place), { urlIsWrong, cause: error })
  const { message: says = '' } = error as { message?: string }
  const said = words.find(([pattern]) => pattern.test(says))
  if (said === undefined) return undefined
  return new DatabaseUnusable(said[1](place, says), { urlIsWrong: true, cause: error })
}

/** What it means that nobody could connect at all. */
export const explainRefusedConnection = (error: unknown, url: string): DatabaseUnusable => {
  const { code, message, path } = error as { code?: string; message?: string; path?: string }
  if (path !== undefined)
    return new DatabaseUnusable(`names the file ${path}, which cannot be read (${code})`, {
      urlIsWrong: true,
      cause: error,
    })
  const { host, pathname } = new URL(url)
  return (
    explainFailure(error, url) ??
    new DatabaseUnusable(`leads to ${host}${pathname}, which lets nobody in (${message})`, {
      urlIsWrong: true,
      cause: error,
    })
  )
}

type Settings = {
  version: string
  commit: string
  fsync: string
  encoding: string
  readonly: string
  standby: boolean
}

const settingsQuery = `select current_setting('server_version_num') as version, current_setting('synchronous_commit') as commit,
  current_setting('fsync') as fsync, current_setting('server_encoding') as encoding,
  current_setting('default_transaction_read_only') as readonly, pg_is_in_recovery() as standby`

/** Refuses a server that would lose what it acknowledged, or could not take it (DESIGN invariant 2). */
export const checkSettings = async (client: ClientBase): Promise<void> => {
  const { rows } = await client.query<Settings>(settingsQuery)
  const [found] = rows
  if (found === undefined) throw new DatabaseUnusable('leads to something that is not PostgreSQL')
  const major = Math.floor(Number(found.version) / 10_000)
  if (major < oldestVersion)
    throw new DatabaseUnusable(
      `leads to PostgreSQL ${major}; Headgate needs ${oldestVersion} or newer`,
    )
  if (found.commit === 'off')
    throw new DatabaseUnusable(
      'leads to a server with synchronous_commit=off, which loses acknowledged writes in a crash; set it to on',
    )
  if (found.fsync === 'off')
    throw new DatabaseUnusable(
      'leads to a server with fsync=off, which loses data in a crash; set it to on',
    )
  if (found.encoding !== 'UTF8')
    throw new DatabaseUnusable(
      `leads to a database in ${found.encoding}; create it with ENCODING 'UTF8'`,
    )
  if (found.standby || found.readonly === 'on')
    throw new DatabaseUnusable('leads to a server that takes no writes; name the primary')
}

/** What a server says of its version, and of when it answers a commit. */
export function* readServerFacts(): Command<{ readonly version: string; readonly commit: string }> {
  const row = yield* first<{ version: string; commit: string }>(
    CompiledQuery.raw(
      "select current_setting('server_version') as version, current_setting('synchronous_commit') as commit",
    ),
  )
  if (row === undefined) throw new Error('the server says nothing of itself')
  return row
}
