import type { Command } from '../command.ts'
import { forgetOldest } from '../forget-oldest.ts'
import { type Connection, readTogether, translate } from './connection.ts'

const mostRecalled = 10_000

/** What another process commits is seen at most so much later, in milliseconds. */
const askOthersEvery = 100

/**
 * Remembers answers as long as they are the truth. What this process commits makes it forget everything before
 * anybody hears of the commit; for other processes (the command line beside a server) it asks for SQLite's
 * `data_version`, which changes with every commit of another connection, but not at every call: the question
 * takes a lock and costs more than the answer.
 */
export const createRecall = (reader: Connection) => {
  const version = reader.database.prepare('PRAGMA data_version')
  version.setReturnArrays(true)
  let seen: unknown
  let asked = Number.NEGATIVE_INFINITY
  const answers = new Map<string, unknown>()
  const askOthers = (): void => {
    const time = performance.now()
    if (time - asked < askOthersEvery) return
    try {
      const [now] = version.get() as unknown as readonly unknown[]
      if (now !== seen) answers.clear()
      seen = now
      asked = time
    } catch (error) {
      throw translate(error)
    }
  }
  const recall = <T>(key: string, command: () => Command<T>): T => {
    askOthers()
    if (answers.has(key)) return answers.get(key) as T
    const answer = readTogether(reader, command)
    if (answers.size >= mostRecalled) forgetOldest(answers)
    answers.set(key, answer)
    return answer
  }
  return { recall, forget: () => answers.clear() }
}
