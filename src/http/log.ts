import { type Logger, pino } from 'pino'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/**
 * The log: JSON lines. Requests are told by route template, never by URL, header or body, since those carry
 * codes, tokens and passwords; values that are secret are of the type `Secret` and print as `[secret]` (T57).
 */
export const createLogger = (level: LogLevel, destination?: NodeJS.WritableStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
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
    destination ?? process.stdout,
  )
