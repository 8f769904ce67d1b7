import pg, { type Pool, type PoolClient } from 'pg'
import { reasonOf, unavailable } from './errors.ts'

const int8: number = pg.types.builtins.INT8

/** Our integers are ids, counts and milliseconds: all of them exact as a number. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: string) =>
    oid === int8 && format !== 'binary'
      ? Number
      : (pg.types.getTypeParser as (o: number, f: string) => unknown)(oid, format)) as never,
}

/** Milliseconds. A statement, a wait for a row, and a transaction that nobody drives: none may hold up the others for long. */
const bounds = {
  statement_timeout: 10_000,
  lock_timeout: 5000,
  idle_in_transaction_session_timeout: 30_000,
  query_timeout: 15_000,
  connectionTimeoutMillis: 5000,
  idleTimeoutMillis: 60_000,
} as const

/** So many may wait for each connection; the rest is told at once to come back. */
const mostWaitingPerConnection = 64

/**
 * The driver verifies the server's certificate for these words already, and says so in ten lines on standard error; here
 * the URL says what is done.
 */
export const forDriver = (url: string): string => {
  const parsed = new URL(url)
  const parameters = parsed.searchParams
  const isWarnedOf = ['prefer', 'require', 'verify-ca'].includes(parameters.get('sslmode') ?? '')
  if (!isWarnedOf || parameters.has('uselibpqcompat')) return url
  parameters.set('sslmode', 'verify-full')
  return parsed.href
}

/** Where the database of a URL listens, as the driver reads it: parameters win. A Unix socket is no place that others could reach. */
export const endpointsOf = (
  url: string | undefined,
): readonly { readonly host: string; readonly port: number }[] => {
  if (url === undefined) return []
  const { hostname, port, searchParams } = new URL(url)
  const host = searchParams.get('host') || decodeURIComponent(hostname.replace(/^\[(.*)\]$/, '$1'))
  return host.startsWith('/')
    ? []
    : [{ host, port: Number(searchParams.get('port') || port || 5432) }]
}

/** A bounded pool of connections, and the way to get one. */
export const createPool = (
  url: string,
  size: number,
): { readonly pool: Pool; readonly connect: () => Promise<PoolClient> } => {
  const pool = new pg.Pool({
    ...bounds,
    connectionString: forDriver(url),
    max: size,
    types,
    keepAlive: true,
    pipeline: true,
    application_name: 'headgate',
  })
  // A connection that dies while nobody uses it is replaced at the next use.
  pool.on('error', () => undefined)
  // The pool does not listen to those it has handed out. One that dies there, between two statements, says so to
  // the next; unheard, it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return {
    pool,
    connect: async () => {
      if (pool.waitingCount >= size * mostWaitingPerConnection)
        throw unavailable('too many requests wait for a connection to the system database')
      try {
        return await pool.connect()
      } catch (error) {
        // Whatever the server says to whom it does not let in (a password that was changed, a database that was
        // dropped): this node cannot ask it now.
        throw unavailable(reasonOf(error) ?? 'the system database lets nobody in', error)
      }
    },
  }
}
