import pg from 'pg'
import type { DatabaseSockets } from '#egress/database-sockets.ts'
import { ConnectorError } from '../errors.ts'
import type { Portal } from './portal.ts'
import type { Settings } from './settings.ts'
import { createStatements } from './statements.ts'
import { asUnconnected, openTransport, sendCancel } from './transport.ts'
import { textForms } from './values.ts'

/** One connection to the database, which runs one statement at a time. */
export type Session = {
  readonly statements: ReturnType<typeof createStatements>
  /** The collation that knows the cases of letters, where the database's own does not. */
  readonly caseCollation: string | undefined
  readonly run: (portal: Portal) => void
  /** Asks the server to end the statement that runs. Never rejects. */
  readonly cancel: () => Promise<void>
  readonly isAlive: () => boolean
  /** The one listener is told once, when the connection is lost or closed. */
  readonly onEnd: (listener: () => void) => void
  /** Says goodbye, or (`hard`) just drops the socket. */
  readonly close: (hard: boolean) => void
}

/** Milliseconds that a table may be locked by others, before a read gives up. */
const lockTimeout = 5000

/** Quoted, and temporary tables last: nothing may stand before the tables of the schema but the system's own. */
const searchPath = (schema: string): string => `"${schema.replaceAll('"', '""')}", pg_temp`

const sessionSettings = ({ schema, queryTimeout }: Settings): readonly (readonly string[])[] => [
  ...Object.entries(textForms),
  ['default_transaction_read_only', 'on'],
  ['statement_timeout', String(queryTimeout)],
  ['lock_timeout', String(Math.min(lockTimeout, queryTimeout))],
  ['search_path', searchPath(schema)],
]

// Where the database's own rules of letters are those of ASCII, lower() and upper() need others: ICU's, or the built-in ones.
const caseCollationQuery = `(
  SELECT c.collname
  FROM pg_catalog.pg_database d, pg_catalog.pg_collation c
  WHERE d.datname = pg_catalog.current_database()
    AND CASE coalesce(to_jsonb(d) ->> 'datlocprovider', 'c')
      WHEN 'c' THEN d.datctype IN ('C', 'POSIX')
      WHEN 'b' THEN to_jsonb(d) ->> 'datlocale' = 'C'
      ELSE FALSE END
    AND c.collname IN ('und-x-icu', 'pg_unicode_fast', 'pg_c_utf8')
    AND c.collnamespace = 'pg_catalog'::pg_catalog.regnamespace
    AND c.collencoding IN (-1, (SELECT encoding FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  ORDER BY pg_catalog.array_position(ARRAY['und-x-icu', 'pg_unicode_fast', 'pg_c_utf8'], c.collname::text)
  LIMIT 1)`

/** One round trip: every setting of the session, and what the dialect must know. */
const prepareSession = async (
  client: pg.Client,
  settings: Settings,
): Promise<string | undefined> => {
  const pairs = sessionSettings(settings)
  const sets = pairs.map((_, i) => `pg_catalog.set_config($${i * 2 + 1}, $${i * 2 + 2}, false)`)
  const { rows } = await client.query<[string | null]>({
    rowMode: 'array',
    text: `SELECT ${caseCollationQuery}, ${sets.join(', ')}`,
    values: pairs.flat(),
  })
  return rows[0]?.[0] ?? undefined
}

const credentialsOf = ({ user, password }: Settings) => {
  // Without them the driver would look for those of this server, in its environment and files.
  if (user === undefined || password === undefined)
    throw new ConnectorError(
      'rejected',
      `${user === undefined ? 'User' : 'Password'} is missing: the database is not asked without it.`,
    )
  return { user, password }
}

type Connecting = { readonly sockets: DatabaseSockets; readonly settings: Settings }

const logIn = async ({ sockets, settings }: Connecting, signal: AbortSignal) => {
  const credentials = credentialsOf(settings)
  const { host, port, database } = settings
  const socket = await openTransport(sockets, settings, signal)
  const client = new pg.Client({
    ...credentials,
    host,
    port,
    database,
    ssl: false,
    stream: () => asUnconnected(socket),
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    application_name: 'headgate',
  })
  // A connection that breaks tells whoever reads from it; without a listener it would end the process.
  client.on('error', () => undefined)
  const abort = (): void => void socket.destroy()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await client.connect()
    return { client, socket, caseCollation: await prepareSession(client, settings) }
  } catch (error) {
    socket.destroy()
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The numbers by which the server knows a connection (Frontend/Backend Protocol, Canceling Requests in Progress). */
const cancelKeyOf = (client: pg.Client) => {
  const { processID, secretKey } = client as unknown as {
    readonly processID: number
    readonly secretKey: number
  }
  return { processId: processID, secret: secretKey }
}

/**
 * Connects and prepares a session that only reads, in GMT, with the schema's tables by their plain names. Throws what the
 * sockets, the driver and the server throw, or the signal's reason.
 */
export const openSession = async (
  connecting: Connecting,
  signal: AbortSignal,
): Promise<Session> => {
  const { client, socket, caseCollation } = await logIn(connecting, signal)
  let alive = !socket.destroyed
  let running: Portal | undefined
  let ended: () => void = () => undefined
  client.once('end', () => {
    alive = false
    // The driver tells a statement only as long as it has not failed yet.
    running?.query.handleError(new Error('The connection has ended.'))
    ended()
  })
  return {
    statements: createStatements(),
    caseCollation,
    run: (portal) => {
      running = portal
      client.query(portal.query as unknown as pg.Submittable)
    },
    cancel: () =>
      sendCancel(connecting.sockets, connecting.settings, cancelKeyOf(client)).catch(
        () => undefined,
      ),
    isAlive: () => alive && !socket.destroyed,
    onEnd: (listener) => {
      ended = listener
      if (!alive) listener()
    },
    close: (hard) => {
      if (hard) socket.destroy()
      else void client.end().catch(() => undefined)
    },
  }
}
