import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const memory = '/dev/shm'
const enough = 4 * 1024 ** 3

/** Whether Linux has a place for files in memory here, with room in it; a container may have made it tiny. */
const hasMemory = (): boolean => {
  try {
    accessSync(memory, constants.W_OK)
    const { bavail, bsize } = statfsSync(memory)
    return bavail * bsize > enough
  } catch {
    return false
  }
}

/**
 * A directory for the files of a test run: in memory where that can be. Nothing of a test outlives it, so nobody need
 * wait for a disk, and no test is about what a disk does.
 */
export const createScratch = (): { readonly directory: string; readonly remove: () => void } => {
  const directory = mkdtempSync(join(hasMemory() ? memory : tmpdir(), 'headgate-tests-'))
  // PostgreSQL may run as another user than the tests.
  chmodSync(directory, 0o755)
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
