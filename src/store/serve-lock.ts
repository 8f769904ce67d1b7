import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Takes a lock of the operating system's, so that it is gone when the process is, however it ended. Answers how to let go;
 * throws `refusal` when somebody holds it.
 */
const lockFile = (file: string, refusal: string): (() => void) => {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new Error(refusal, { cause })
  }
  return () => database.close()
}

/**
 * One server per data directory: two would count failed passwords apart. The command line beside a server does not take it.
 * Throws when another server holds it. Answers how to let go.
 * @param advice what whoever wants it should do
 */
export const lockDataDirectory = (
  dataDir: string,
  advice = 'Stop it, or give this one a HEADGATE_DATA_DIR of its own.',
): (() => void) =>
  lockFile(join(dataDir, 'serve.lock'), `Another server is running on ${dataDir}. ${advice}`)

/** One at a time makes keys in a data directory. Throws when another run does. Answers how to let go. */
export const lockKeys = (dataDir: string): (() => void) =>
  lockFile(
    join(dataDir, 'rotate.lock'),
    `Another \`headgate keys rotate\` is running on ${dataDir}. Wait for its end.`,
  )
