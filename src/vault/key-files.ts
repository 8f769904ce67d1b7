import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { generateKey } from './keys.ts'

/** `id:base64` lines, newest first. */
export type KeyFile = { readonly id: string; readonly base64: string }

const parse = (file: string, content: string): readonly KeyFile[] =>
  content
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id, base64] = line.split(':')
      if (!id || !base64)
        throw new Error(`${file} is damaged: each line must be id:key. Restore it from a backup.`)
      return { id, base64 }
    })

/** Creates the file whole or not at all, and only if it is not there: of two servers that start at once, one key wins. */
const createOnce = (file: string, content: string): void => {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, content)
    fsyncSync(handle)
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    closeSync(handle)
    unlinkSync(draft)
  }
}

/** Whether a data directory has generated keys of that name. */
export const hasKeyFile = (dataDir: string, name: 'master' | 'pepper'): boolean =>
  existsSync(join(dataDir, 'keys', name))

/**
 * Reads the generated keys of a data directory (`keys/<name>`, mode 0600), making one on the first start.
 * Refuses a damaged file.
 */
export const readOrCreateKeyFile = (
  dataDir: string,
  name: 'master' | 'pepper',
): readonly KeyFile[] => {
  const directory = join(dataDir, 'keys')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, name)
  if (!existsSync(file)) createOnce(file, `g1:${generateKey()}\n`)
  const keys = parse(file, readFileSync(file, 'utf8'))
  if (keys.length === 0) throw new Error(`${file} is empty. Restore it from a backup.`)
  return keys
}
