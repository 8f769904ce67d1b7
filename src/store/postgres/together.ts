import type { Writable } from 'node:stream'
import type { PoolClient } from 'pg'
import type { Answer, NamedQuery } from '../command.ts'
import { breaksConnection } from './errors.ts'
import { ask } from './session.ts'

/** So many transactions of this kind at once; what arrives meanwhile makes the next one larger. */
const mostRunning = 2
const mostTogether = 64

type Waiting = {
  readonly query: NamedQuery
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** Whoever must wait for a row waits alone, and not with all the others. Milliseconds. */
const longestInPlace = 50
const begin = `begin; set local lock_timeout = ${longestInPlace}`

/** Sends what the work asks in one piece: a system call for each statement costs more than the statement. */
const inOnePiece = <T>(client: PoolClient, work: () => T): T => {
  // Not a documented part of the driver; without it each statement is sent by itself.
  const stream = (client as unknown as { connection?: { stream?: Writable } }).connection?.stream
  stream?.cork()
  try {
    return work()
  } finally {
    stream?.uncork()
  }
}

const runAlone = async (connect: () => Promise<PoolClient>, query: NamedQuery): Promise<Answer> => {
  const client = await connect()
  try {
    const answer = await ask(client, query)
    client.release()
    return answer
  } catch (error) {
    client.release(breaksConnection(error))
    throw error
  }
}

/** All statements in one transaction, all of them or none. Answers undefined when one of them failed, and so all did. */
const runTogether = async (
  connect: () => Promise<PoolClient>,
  queries: readonly NamedQuery[],
): Promise<readonly Answer[] | undefined> => {
  const client = await connect()
  try {
    await client.query(begin)
    // A commit after a failed statement undoes everything, so nothing has to be waited for in between.
    const [committed, ...asked] = inOnePiece(client, () => {
      const sent = queries.map((query) => ask(client, query))
      return [client.query('commit'), ...sent]
    })
    const [commit, ...answers] = await Promise.allSettled([committed, ...asked])
    const failed = [...answers, commit].find((outcome) => outcome?.status === 'rejected')
    if (failed?.status === 'rejected' && (breaksConnection(failed.reason) || failed === commit))
      throw failed.reason
    client.release()
    return failed === undefined
      ? answers.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      : undefined
  } catch (error) {
    client.release(true)
    throw error
  }
}

/**
 * Runs single statements, each atomic by itself. Those that arrive while others are under way share a transaction, and so
 * its sync and its way to the server; when one of them fails, each is run alone, so that nobody pays for another.
 */
export const createSingleStatements = (connect: () => Promise<PoolClient>) => {
  let waiting: Waiting[] = []
  let running = 0

  const settleAlone = ({ query, resolve, reject }: Waiting): Promise<void> =>
    runAlone(connect, query).then(resolve, reject)

  /** Answers those that are left to be run alone. */
  const run = async (batch: readonly Waiting[]): Promise<readonly Waiting[]> => {
    if (batch.length === 1) return batch
    try {
      const answers = await runTogether(
        connect,
        batch.map(({ query }) => query),
      )
      if (answers === undefined) return batch
      for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    return []
  }

  /** Whoever runs alone keeps the place for a moment, so that others gather; then it waits for a locked row, perhaps. */
  const settledOrLate = (left: readonly Waiting[]): Promise<void> =>
    new Promise((resolve) => {
      const late = setTimeout(resolve, longestInPlace)
      void Promise.all(left.map(settleAlone)).then(() => {
        clearTimeout(late)
        resolve()
      })
    })

  const flush = (): void => {
    while (waiting.length > 0 && running < mostRunning) {
      const batch = waiting.slice(0, mostTogether)
      waiting = waiting.slice(mostTogether)
      running += 1
      void run(batch)
        .then((left) => (left.length === 0 ? undefined : settledOrLate(left)))
        .then(() => {
          running -= 1
          flush()
        })
    }
  }

  return (query: NamedQuery): Promise<Answer> =>
    new Promise((resolve, reject) => {
      waiting.push({ query, resolve, reject })
      if (waiting.length === 1) setImmediate(flush)
    })
}
