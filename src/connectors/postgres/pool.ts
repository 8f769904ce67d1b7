import { ConnectorError } from '../errors.ts'
import type { Session } from './session.ts'

export type PoolLimits = {
  /** Connections at once. */
  readonly size: number
  /** Milliseconds that a read waits for a connection, and that connecting may take. */
  readonly patience: number
}

export type Lease = {
  readonly session: Session
  /** Whether it was used before: then it may have died without a word. */
  readonly used: boolean
  /** Gives it back, once; what is not `sound` is closed. */
  readonly giveBack: (sound: boolean) => void
}

export type SessionPool = {
  readonly acquire: (signal: AbortSignal) => Promise<Lease>
  readonly close: () => void
}

/** Reads that wait for each connection; more are told to try again. */
const waitingPerConnection = 8
/** Milliseconds after which an unused connection is closed. */
const idleTime = 60_000

type Turn = { readonly give: () => void; readonly refuse: (error: Error) => void }

const busy = (): ConnectorError =>
  new ConnectorError('busy', 'All connections to the database are in use; try again in a moment.')

const closed = (): ConnectorError => new ConnectorError('unavailable', 'The source is closed.')

/** Hands out at most `size` turns; the others wait in line, for a time. */
const createLine = ({ size, patience }: PoolLimits) => {
  const line: Turn[] = []
  let taken = 0
  const wait = (signal: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const settled = (act: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', leave)
      act()
    }
    const refuse = (error: Error): void => settled(() => reject(error))
    const drop = (error: Error): void => {
      line.splice(line.indexOf(turn), 1)
      refuse(error)
    }
    const leave = (): void => drop(signal.reason as Error)
    const timer = setTimeout(() => drop(busy()), patience)
    const turn: Turn = { give: () => settled(resolve), refuse }
    line.push(turn)
    signal.addEventListener('abort', leave, { once: true })
    return promise
  }
  return {
    take: async (signal: AbortSignal): Promise<void> => {
      if (taken < size) taken++
      else if (line.length >= size * waitingPerConnection) throw busy()
      else await wait(signal)
    },
    release: (): void => {
      const next = line.shift()
      if (next === undefined) taken--
      else next.give()
    },
    refuseAll: (): void => {
      for (const turn of line.splice(0)) turn.refuse(closed())
    },
  }
}

/** A bounded pool of connections. @param open connects; bounded by its signal */
export const createSessionPool = (
  limits: PoolLimits,
  open: (signal: AbortSignal) => Promise<Session>,
): SessionPool => {
  const line = createLine(limits)
  const all = new Set<Session>()
  const idle: { readonly session: Session; readonly timer: NodeJS.Timeout }[] = []
  let isOpen = true

  const takeIdle = (): Session | undefined => {
    for (let entry = idle.pop(); entry !== undefined; entry = idle.pop()) {
      clearTimeout(entry.timer)
      if (entry.session.isAlive()) return entry.session
    }
    return undefined
  }
  const forget = (session: Session): void => {
    all.delete(session)
    const at = idle.findIndex((entry) => entry.session === session)
    if (at !== -1) clearTimeout(idle.splice(at, 1)[0]?.timer)
  }
  const connect = async (signal: AbortSignal): Promise<Session> => {
    const late = AbortSignal.timeout(limits.patience)
    const session = await open(AbortSignal.any([signal, late])).catch((error: unknown) => {
      if (!late.aborted || signal.aborted) throw error
      throw new ConnectorError('timed-out', 'The database server does not answer.')
    })
    all.add(session)
    session.onEnd(() => forget(session))
    return session
  }
  const rest = (session: Session): void => {
    const timer = setTimeout(() => session.close(false), idleTime)
    timer.unref()
    idle.push({ session, timer })
  }
  const leaseOf = (session: Session, used: boolean): Lease => {
    let held = true
    const giveBack = (sound: boolean): void => {
      if (!held) return
      held = false
      if (sound && isOpen && session.isAlive()) rest(session)
      else session.close(!sound)
      line.release()
    }
    return { session, used, giveBack }
  }

  const acquire = async (signal: AbortSignal): Promise<Lease> => {
    signal.throwIfAborted()
    if (!isOpen) throw closed()
    await line.take(signal)
    try {
      if (!isOpen) throw closed()
      const known = takeIdle()
      const session = known ?? (await connect(signal))
      return leaseOf(session, known !== undefined)
    } catch (error) {
      line.release()
      throw error
    }
  }

  const close = (): void => {
    isOpen = false
    line.refuseAll()
    const resting = new Set(idle.map(({ session }) => session))
    // Whoever still reads is cut off, so that no half result looks whole.
    for (const session of all) session.close(!resting.has(session))
  }
  return { acquire, close }
}
