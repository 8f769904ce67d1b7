import { type Logger, pino } from 'pino'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Lines go out together, at most this much later (milliseconds): a write for each would cost every request. */
const longestDelay = 200

const buffered = () => {
  const destination = pino.destination({ dest: 1, sync: false, minLength: 12_288 })
  setInterval(() => destination.flush(), longestDelay).unref()
  return destination
}

/** The time of a line; the text is made once a millisecond, not once a line. */
const createTimestamp = () => {
  let last = 0
  let text = ''
  return (): string => {
    const now = Date.now()
    if (now !== last) text = `,"time":"${new Date(now).toISOString()}"`
    last = now
    return text
  }
}

/**
 * The log: JSON lines. Requests are told by route template, never by URL, header or body, since those carry
 * codes, tokens and passwords; values that are secret are of the type `Secret` and print as `[secret]` (T57).
 */
export const createLogger = (level: LogLevel, destination?: NodeJS.WritableStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        // An error of a driver may quote what it was given; its kind, text and place are enough, and our own
        // refusals never hold a secret.
        err: (error: Error & { code?: unknown }) => ({
          type: error.name,
          message: error.message,
          code: error.code,
          stack: error.stack,
        }),
      },
    },
    destination ?? buffered(),
  )
