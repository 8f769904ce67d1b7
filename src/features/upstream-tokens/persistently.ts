import { setTimeout as pause } from 'node:timers/promises'
import { type Clock, seconds } from '#lib/clock.ts'
import { Unavailable } from '#lib/refusal.ts'
import type { Command } from '#store/command.ts'
import type { Store, WriteOptions } from '#store/store.ts'

/** Commits are tried again for so long: what an upstream has exchanged must not be lost to a database that is away. */
const commitTime = seconds(25)

/** Runs a command as long as it takes the database to come back, within reason. Throws the last `Unavailable`. */
export const writePersistently = async <T>(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  command: () => Command<T>,
  options: WriteOptions<T> = {},
): Promise<T> => {
  const until = clock.now() + commitTime
  for (let wait = 100; ; wait = Math.min(wait * 2, 2000)) {
    try {
      return await store.write(command, options)
    } catch (error) {
      if (!(error instanceof Unavailable) || clock.now() + wait > until) throw error
      await pause(wait)
    }
  }
}
