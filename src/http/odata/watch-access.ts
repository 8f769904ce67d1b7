import { Unavailable } from '#lib/refusal.ts'

/** How often an open answer asks whether it may go on (DESIGN invariant 15). Milliseconds. */
const every = 500
/** So long it may go on while nobody knows whether it may. */
const patience = 5000

export type AccessWatch = { readonly stop: () => void }

/**
 * Asks again and again whether access still stands, and cuts when it does not, or when nobody could say for
 * too long: a database that hangs says nothing at all, so time counts from the last question that was answered with
 * yes. Most answers are over before the first question.
 */
export const watchAccess = (stillOpen: () => Promise<boolean>, cut: () => void): AccessWatch => {
  let knownAt = Date.now()
  let over = false
  let asking = false
  const finish = (): void => {
    over = true
    clearInterval(timer)
  }
  const end = (): void => {
    if (over) return
    finish()
    cut()
  }
  const ask = async (): Promise<void> => {
    // A database that hangs is asked once, and not again and again by every open answer.
    if (asking) return
    asking = true
    const askedAt = Date.now()
    try {
      if (!(await stillOpen())) end()
      knownAt = Math.max(knownAt, askedAt)
    } catch (error) {
      if (!(error instanceof Unavailable)) end()
    } finally {
      asking = false
    }
  }
  const timer = setInterval(() => {
    if (Date.now() - knownAt >= patience) end()
    else void ask()
  }, every)
  timer.unref()
  return { stop: finish }
}
