/** Settles with the promise, or with the signal's reason; what the promise does then is nobody's business here. */
export const orAborted = async <T>(
  signal: AbortSignal | undefined,
  promise: Promise<T>,
): Promise<T> => {
  if (signal === undefined) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
