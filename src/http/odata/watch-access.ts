import { Unavailable } from '#lib/refusal.ts'

/** How often an open answer asks whether it may go on (DESIGN invariant 15). Milliseconds. */
const every = 500
/** So long it may go on while the database cannot be asked. */
const patience = 5000

export type AccessWatch = { readonly stop: () => void }

/**
 * Asks again and again whether access still stands, and cuts when it does not, or when nobody could say for
 * too long. Most answers are over before the first question.
 */
export const watchAccess = (stillOpen: () => Promise<boolean>, cut: () => void): AccessWatch => {
  let unknownSince: number | undefined
  let over = false
  const finish = (): void => {
    over = true
    clearInterval(timer)
  }
  const ask = async (): Promise<void> => {
    try {
      if (!(await stillOpen()) && !over) {
        finish()
        cut()
      }
      unknownSince = undefined
    } catch (error) {
      unknownSince ??= Date.now()
      const waited = Date.now() - unknownSince
      if (!over && (!(error instanceof Unavailable) || waited >= patience)) {
        finish()
        cut()
      }
    }
  }
  const timer = setInterval(() => void ask(), every)
  timer.unref()
  return { stop: finish }
}
