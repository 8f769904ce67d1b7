import type { Command } from '../command.ts'
import { forgetOldest } from '../forget-oldest.ts'

const mostRecalled = 10_000
/** An answer may be reused for so long on a node that did not hear of a change (DESIGN invariant 15). Milliseconds. */
const reuseFor = 500

type Remembered = { readonly answer: Promise<unknown>; readonly until: number }

/**
 * Remembers answers for half a second, counted from when they were asked for. What this node commits makes it forget
 * everything at once, also what is still being asked; what other nodes commit is missed for that half second.
 */
export const createRecall = (read: <T>(command: () => Command<T>) => Promise<T>) => {
  const answers = new Map<string, Remembered>()
  const ask = <T>(key: string, command: () => Command<T>): Promise<T> => {
    if (answers.size >= mostRecalled) forgetOldest(answers)
    const answer = read(command)
    const remembered = { answer, until: performance.now() + reuseFor }
    answers.set(key, remembered)
    answer.catch(() => {
      if (answers.get(key) === remembered) answers.delete(key)
    })
    return answer
  }
  return {
    recall: <T>(key: string, command: () => Command<T>, fresh: boolean): Promise<T> => {
      const known = answers.get(key)
      return known === undefined || fresh || known.until <= performance.now()
        ? ask(key, command)
        : (known.answer as Promise<T>)
    },
    forget: () => answers.clear(),
  }
}
