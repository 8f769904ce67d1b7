import { Unavailable } from '#lib/refusal.ts'

type Failure = { readonly code?: unknown; readonly message?: unknown }

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as Failure
  return typeof code === 'string' ? code : ''
}

/** Serialization failure and deadlock: nothing happened, and the same work may succeed at once. */
export const isConflict = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error))

/** A foreign key leads to a row that is not there. */
export const isDangling = (error: unknown): boolean => codeOf(error) === '23503'

/** SQLSTATE classes and codes that mean "not now" rather than "never" (PostgreSQL, appendix A). */
const passing: readonly (readonly [prefix: string, reason: string])[] = [
  ['08', 'the connection to the system database broke'],
  // Serializable transactions on a standby; a statement that was planned before a newer release changed its table.
  ['0A000', 'the system database does not take this statement on this connection'],
  ['25006', 'the system database is read-only (a standby?)'],
  ['53', 'the system database lacks memory, disk or connections'],
  ['55P03', 'rows of the system database were locked for too long'],
  ['57014', 'a statement of the system database took too long'],
  ['57P', 'the system database is starting, stopping or was restarted'],
  ['58', 'the system of the database server fails'],
  ['XX', 'the system database has an internal error'],
  ['40', 'the system database is too busy with the same rows'],
  ['25P03', 'a transaction of the system database waited for too long'],
]

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
])

/** What the driver says without a code. */
const driverSays =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Connection ended|is not queryable|Cannot use a pool after|was closed/

/** Why the database cannot now, for the operator's log; undefined when it is not that. */
export const reasonOf = (error: unknown): string | undefined => {
  const code = codeOf(error)
  if (networkCodes.has(code)) return `the system database cannot be reached (${code})`
  const row = passing.find(([prefix]) => code.startsWith(prefix))
  if (row !== undefined) return row[1]
  const { message } = (error ?? {}) as Failure
  return code === '' && typeof message === 'string' && driverSays.test(message)
    ? 'the connection to the system database broke'
    : undefined
}

/** After such an error the connection is not used again. */
export const breaksConnection = (error: unknown): boolean => {
  const code = codeOf(error)
  if (isConflict(error) || code.startsWith('55') || code === '57014') return false
  return reasonOf(error) !== undefined
}

/** What whoever waits is told. @param detail for the operator's log */
export const unavailable = (detail: string, cause?: unknown): Unavailable =>
  new Unavailable('The server cannot reach its database right now. Try again.', 2, {
    detail,
    ...(cause === undefined ? {} : { cause }),
  })

/** What a failed statement means to whoever waits: `Unavailable` where the database cannot now, else the error itself. */
export const translate = (error: unknown): unknown => {
  if (error instanceof Unavailable) return error
  const reason = reasonOf(error)
  return reason === undefined ? error : unavailable(reason, error)
}
