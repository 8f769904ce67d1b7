import type { ClientBase } from 'pg'

/** Why a PostgreSQL cannot be the system store, in words that fit behind the name of the variable. */
export class DatabaseUnusable extends Error {}

const oldestVersion = 14

/** What the server says when nobody is let in: SQLSTATE or the system's code, and what to do. */
const faults: Readonly<Record<string, (place: string) => string>> = {
  '28P01': (place) => `is refused by ${place}: user or password is wrong`,
  '28000': (place) => `is refused by ${place}: this user may not connect from here (pg_hba.conf)`,
  '3D000': (place) => `names a database that does not exist at ${place}; create it`,
  '42501': (place) =>
    `leads to ${place}, where this user lacks a permission; make it the owner of the database, or GRANT CREATE ON SCHEMA public`,
  '53300': (place) =>
    `leads to ${place}, which has no connection left; lower HEADGATE_DATABASE_POOL or raise max_connections`,
  ECONNREFUSED: (place) =>
    `leads to ${place}, where nothing answers; start PostgreSQL, or correct host and port`,
  ENOTFOUND: (place) => `leads to ${place}, a host that does not exist`,
  EAI_AGAIN: (place) => `leads to ${place}, a host that cannot be looked up right now`,
  ETIMEDOUT: (place) => `leads to ${place}, which does not answer in time`,
}

/** What a failed start means, or undefined where the database is not to blame. */
export const explainFailure = (error: unknown, url: string): DatabaseUnusable | undefined => {
  const { code, message } = error as { code?: string; message?: string }
  const { host, pathname } = new URL(url)
  const place = `${host}${pathname}`
  const fault = code === undefined ? undefined : faults[code]
  if (fault !== undefined) return new DatabaseUnusable(fault(place), { cause: error })
  const says = message ?? ''
  if (/timeout exceeded when trying to connect|timeout expired/.test(says))
    return new DatabaseUnusable(`leads to ${place}, which does not answer in time`, {
      cause: error,
    })
  if (/SSL|certificate|self.signed/i.test(says))
    return new DatabaseUnusable(`leads to ${place}, where TLS fails (${says})`, { cause: error })
  return undefined
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
