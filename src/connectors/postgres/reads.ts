// Reads over the pool: one attempt, and a second where it was not the statement that failed.
import type { Row } from '#query/plan.ts'
import { isBroken, sqlStateOf, toConnectorError } from './errors.ts'
import type { Lease, SessionPool } from './pool.ts'
import { type Request, startReading } from './reading.ts'
import type { Session } from './session.ts'
import type { Settings } from './settings.ts'

/** What to run; the dialect depends on the session. */
export type MakeRequest = (session: Session) => Request

/** Rows in batches, lazily. Throws `ConnectorError`, or the signal's reason. */
export type ReadRows = (make: MakeRequest, signal: AbortSignal) => AsyncGenerator<readonly Row[]>

/** PostgreSQL's words for "the columns of a prepared statement have changed", and for "there is no such statement". */
const isStale = (error: unknown): boolean => {
  const state = sqlStateOf(error)
  const { routine } = error as { routine?: unknown }
  return (state === '0A000' && routine === 'RevalidateCachedQuery') || state === '26000'
}

/** A table, or a column, is no more what it was. */
const changedStates = ['42P01', '42703', '0A000']

/** The batches of one attempt; `begun` is told of each. */
const attempt = async function* (
  lease: Lease,
  request: Request,
  options: { readonly signal: AbortSignal; readonly timeout: number },
  begun: () => void,
): AsyncGenerator<readonly Row[]> {
  const reading = startReading(lease, request, options)
  try {
    for (let rows = await reading.next(); rows !== undefined; rows = await reading.next()) {
      begun()
      yield rows
    }
  } catch (error) {
    if (sqlStateOf(error) !== undefined) reading.forget()
    throw error
  } finally {
    reading.end()
  }
}

/** @param onDoubt is told when a read finds that the catalog has changed */
export const createReads = (pool: SessionPool, settings: Settings, onDoubt: () => void): ReadRows =>
  async function* (make, signal) {
    for (let repeated = false; ; repeated = true) {
      let lease: Lease | undefined
      let hasBegun = false
      try {
        lease = await pool.acquire(signal)
        const options = { signal, timeout: settings.queryTimeout }
        yield* attempt(lease, make(lease.session), options, () => {
          hasBegun = true
        })
        return
      } catch (error) {
        signal.throwIfAborted()
        if (changedStates.includes(sqlStateOf(error) ?? '')) onDoubt()
        // Nobody has seen a row yet, and a connection that lay idle may have died without a word.
        const mayRepeat = isStale(error) || (lease?.used === true && isBroken(error))
        if (repeated || hasBegun || !mayRepeat) throw toConnectorError(error, settings)
      }
    }
  }

/** What is made for a session, on which nothing runs meanwhile. Throws `ConnectorError`, or the signal's reason. */
export const withSession = async <T>(
  pool: SessionPool,
  settings: Settings,
  make: (session: Session) => T,
  signal: AbortSignal,
): Promise<T> => {
  try {
    const lease = await pool.acquire(signal)
    try {
      return make(lease.session)
    } finally {
      lease.giveBack(true)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw toConnectorError(error, settings)
  }
}
