// One read on one connection: from the lease to the moment when the connection is somebody else's.
import type { EdmType } from '#odata/edm/types.ts'
import type { Row, Value } from '#query/plan.ts'
import { ConnectorError } from '../errors.ts'
import type { Lease } from './pool.ts'
import { createPortal } from './portal.ts'
import { parameterType } from './values.ts'

export type Request = {
  readonly text: string
  readonly outputs: readonly (EdmType | undefined)[]
  readonly values: readonly Value[]
  readonly few: boolean
}

export type Reading = {
  readonly next: () => Promise<readonly Row[] | undefined>
  /** Ends it, whatever its state; the connection goes back by itself. */
  readonly end: () => void
  /** Has the statement prepared anew when it is wanted again. */
  readonly forget: () => void
}

/** Milliseconds that a statement nobody waits for may take to end by itself; then it is cancelled. */
const grace = 100

/** Beyond the server's own time-out: then it is the server, or the way to it, that is silent. */
const silence = 5000

const silent = (): ConnectorError =>
  new ConnectorError('timed-out', 'The database server does not answer any more.')

const gone = (): Error => new Error('Nobody wants the rows any more.')

/** Begins a read. An abort of the signal ends it, even if nobody asks for rows again. */
export const startReading = (
  lease: Lease,
  { text, outputs, values, few }: Request,
  { signal, timeout }: { readonly signal: AbortSignal; readonly timeout: number },
): Reading => {
  const { session } = lease
  const { statements } = session
  const prepared = statements.find({ text, outputs, parameters: values.map(parameterType) })
  const portal = createPortal({ prepared, gone: statements.takeGone(), values, few })
  let settled = false
  let ending = false
  let cancelled = false

  /** A cancel may come late and hit what runs next, so nothing runs next on this connection. */
  const cancel = async (): Promise<void> => {
    cancelled = true
    await session.cancel()
    lease.giveBack(false)
  }
  const end = (reason: Error = gone()): void => {
    if (ending) return
    ending = true
    signal.removeEventListener('abort', abort)
    portal.leave(reason)
    if (!settled) {
      const timer = setTimeout(() => void cancel(), grace)
      void portal.settled.then(() => clearTimeout(timer))
    }
  }
  const abort = (): void => end(signal.reason as Error)

  signal.addEventListener('abort', abort, { once: true })
  void portal.settled.then((sound) => {
    settled = true
    signal.removeEventListener('abort', abort)
    if (!cancelled) lease.giveBack(sound)
  })
  session.run(portal)

  const next = async (): Promise<readonly Row[] | undefined> => {
    const timer = setTimeout(() => {
      portal.leave(silent())
      lease.giveBack(false)
    }, timeout + silence)
    try {
      return await portal.next()
    } finally {
      clearTimeout(timer)
    }
  }
  return { next, end: () => end(), forget: () => statements.forget(prepared) }
}
