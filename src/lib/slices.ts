/** So long a slice may keep everybody else waiting. Milliseconds. */
const slice = 8

/**
 * Runs work that yields between its pieces, and lets the event loop go on whenever a slice is used up: long work then delays no
 * request by more than a slice and a piece. What is yielded is the share that is done (0 to 1), told to `onShare`, which may
 * throw to end the work early. Answers what the work returns.
 */
export const runInSlices = async <T>(
  work: Generator<number, T>,
  onShare: (share: number) => void = () => undefined,
): Promise<T> => {
  let began = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    if (performance.now() - began < slice) continue
    onShare(step.value)
    await new Promise<void>((resolve) => void setImmediate(resolve))
    began = performance.now()
  }
}

/** Runs the same work in one go: for what is known to be small. */
export const runAtOnce = <T>(work: Generator<number, T>): T => {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
