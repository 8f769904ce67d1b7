import type { Config } from '../config.ts'

export type Output = {
  readonly line: (text: string) => void
  readonly error: (text: string) => void
}

/** What a command does. */
export type Run = (context: {
  readonly args: readonly string[]
  readonly config: Config
  readonly output: Output
}) => Promise<void>

/** A word on the command line. To add one: a file and a line in `index.ts`. */
export type Command = {
  readonly name: readonly string[]
  readonly usage: string
  readonly summary: string
  /** Loads what it does. A command waits for its own modules, not for those of a server. */
  readonly load: () => Promise<Run>
}

/** The command was called with the wrong words; the message says how to call it. */
export class UsageError extends Error {}

/** For a command that takes no words: a word that is ignored would mislead. */
export const refuseWords = (args: readonly string[], command: string): void => {
  if (args.length > 0)
    throw new UsageError(
      `${command} takes no words, and got ${args.join(' ')}. Options are environment variables (docs/configuration.md).`,
    )
}
