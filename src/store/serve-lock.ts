import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * One server per data directory: two would count failed passwords apart. The lock is the operating system's, so
 * it is gone when the process is, however it ended; the command line beside a server does not take it.
 * Throws when another server holds it. Answers how to let go.
 * @param advice what whoever wants it should do
 */
export const lockDataDirectory = (
  dataDir: string,
  advice = 'Stop it, or give this one a HEADGATE_DATA_DIR of its own.',
): (() => void) => {
  const database = new DatabaseSync(join(dataDir, 'serve.lock'), { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new Error(`Another server is running on ${dataDir}. ${advice}`, {
      cause,
    })
  }
  return () => database.close()
}
