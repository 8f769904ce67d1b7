/** A signal that is aborted after a time, or together with another; `end` lets go of both. */
export const createDeadline = (
  milliseconds: number,
  reason: () => Error,
  other: AbortSignal | undefined,
): { readonly signal: AbortSignal; readonly end: () => void } => {
  const controller = new AbortController()
  const abort = (): void => controller.abort(reason())
  const timer = setTimeout(abort, milliseconds)
  other?.addEventListener('abort', abort)
  if (other?.aborted === true) abort()
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer)
      other?.removeEventListener('abort', abort)
    },
  }
}
