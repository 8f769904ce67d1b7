import { UpstreamError } from '#egress/upstream-error.ts'
import { ConnectorError, type ConnectorErrorKind } from '../errors.ts'
import type { Settings } from './settings.ts'

/** SQLSTATE of a server's error (PostgreSQL, appendix A); undefined for everything else. */
export const sqlStateOf = (error: unknown): string | undefined => {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && typeof severity === 'string'
    ? code
    : undefined
}

type Sentence = readonly [prefix: string, kind: ConnectorErrorKind, message: string]

// The first that fits counts. None quotes what the server says: it may quote data.
const sentences: readonly Sentence[] = [
  ['28', 'rejected', 'The database does not accept this User and Password.'],
  ['3D000', 'rejected', 'The server has no database of the name that Database says.'],
  ['42501', 'rejected', 'The user of this data source may not read what was asked for.'],
  ['42P01', 'busy', 'The tables of the database have changed; try again in a moment.'],
  ['42703', 'busy', 'The columns of the database have changed; try again in a moment.'],
  [
    '42883',
    'rejected',
    'The database cannot compare a column as the type that the schema map gives it; correct the map.',
  ],
  ['0A000', 'busy', 'The columns of the database have changed; try again in a moment.'],
  ['22021', 'rejected', 'PostgreSQL has no text with U+0000; take it out of the query.'],
  ['22P05', 'rejected', 'The query has a character that this database cannot hold; take it out.'],
  ['22P02', 'rejected', 'A value of the query or of a column is not of the type it is read as.'],
  ['22', 'rejected', 'A value of the query is beyond what the database can hold.'],
  ['53300', 'busy', 'The database has no connection left; try again in a moment.'],
  ['53', 'unavailable', 'The database server lacks memory or disk.'],
  ['54', 'rejected', 'The query is too large for the database; make it smaller.'],
  ['55P03', 'busy', 'A table is locked for too long; try again in a moment.'],
  ['57014', 'timed-out', 'The database took too long; ask for less, or raise QueryTimeout.'],
  ['57P', 'unavailable', 'The database is starting, stopping or was restarted.'],
  ['40', 'busy', 'The database gave the read up in favour of other work; try again.'],
  ['25', 'rejected', 'A view of the database wants to write; it can only be read.'],
  ['08', 'unavailable', 'The connection to the database broke.'],
  ['58', 'unavailable', 'The database server has trouble with its machine.'],
  ['XX', 'unavailable', 'The database server has an internal error.'],
]

const ofState = (state: string): ConnectorError => {
  const found = sentences.find(([prefix]) => state.startsWith(prefix))
  const [, kind, message] = found ?? ['', 'rejected', 'The database refuses the statement.']
  return new ConnectorError(kind, message, { detail: `SQLSTATE ${state}` })
}

const ofSocket = (error: UpstreamError, { host, tls }: Settings): ConnectorError => {
  const detail = error.detail === undefined ? {} : { detail: error.detail }
  switch (error.fault) {
    case 'forbidden-address':
      return new ConnectorError(
        'rejected',
        tls === 'disable'
          ? 'Host leads to an address that HEADGATE_DATA_ALLOW does not list, as it must for SSL=disable, or to that of the system store.'
          : 'Host leads to a private address that HEADGATE_DATA_ALLOW does not list, or to that of the system store.',
        detail,
      )
    case 'certificate':
      return new ConnectorError(
        'rejected',
        `The certificate of the database is not valid for '${host}'${error.detail === undefined ? '' : ` (${error.detail})`}; have its authority trusted on this server, or set SSL to require to go without that check.`,
        detail,
      )
    case 'timed-out':
      return new ConnectorError('timed-out', 'The database server does not answer.', detail)
    default:
      return new ConnectorError('unavailable', 'The database server cannot be reached.', detail)
  }
}

/** Whether the connection is lost rather than the statement refused. */
export const isBroken = (error: unknown): boolean => {
  if (error instanceof ConnectorError) return false
  const state = sqlStateOf(error)
  return state === undefined || state.startsWith('57P') || state.startsWith('08')
}

/** Whatever the driver or a socket threw, as a `ConnectorError`. */
export const toConnectorError = (error: unknown, settings: Settings): ConnectorError => {
  if (error instanceof ConnectorError) return error
  if (error instanceof UpstreamError) return ofSocket(error, settings)
  const state = sqlStateOf(error)
  if (state !== undefined) return ofState(state)
  const code: unknown = (error as { code?: unknown } | null | undefined)?.code
  return new ConnectorError('unavailable', 'The connection to the database broke.', {
    detail: typeof code === 'string' ? code : 'without a code',
    cause: error,
  })
}
