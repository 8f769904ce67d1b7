import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { generateKey, type KeyText } from './keys.ts'

type Name = 'master' | 'pepper'

const fileOf = (dataDir: string, name: Name): string => join(dataDir, 'keys', name)

/** `id:base64` lines, newest first. */
const parse = (file: string, content: string): readonly KeyText[] =>
  content
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id, base64] = line.split(':')
      if (!id || !base64)
        throw new Error(`${file} is damaged: each line must be id:key. Restore it from a backup.`)
      return { id, base64 }
    })

const draftName = /^[a-z]+\.\d+\.[0-9a-f]{8}$/

/** Writes a private file beside the one that it is to become, and has it on disk before `publish` gives it that name. */
const writeDraft = (
  file: string,
  content: string,
  publish: (draft: string, handle: number) => void,
): void => {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, content)
    fsyncSync(handle)
    publish(draft, handle)
  } finally {
    closeSync(handle)
    rmSync(draft, { force: true })
  }
}

/** Creates the file whole or not at all, and only if it is not there: of two servers that start at once, one key wins. */
const createOnce = (file: string, content: string): void =>
  writeDraft(file, content, (draft) => {
    try {
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  })

/**
 * Gives a draft to whoever has the file that it replaces: the server that reads it may be another user than the one who rotates keys.
 * Throws where that may not be done; nothing is replaced then.
 */
const takeOver = (file: string, handle: number): void => {
  if (process.platform === 'win32') return
  const { uid, gid, mode } = statSync(file)
  const made = fstatSync(handle)
  try {
    if (made.uid !== uid || made.gid !== gid) fchownSync(handle, uid, gid)
    fchmodSync(handle, mode & 0o777)
    fsyncSync(handle)
  } catch (error) {
    throw new Error(
      `${file} belongs to user ${uid} and group ${gid}, and a new one cannot be given to them: run this as that user, or as root. Nothing was changed.`,
      { cause: error },
    )
  }
}

/** Waits until the names in a directory are on disk. Windows has no such thing. */
const syncDirectory = (directory: string): void => {
  if (process.platform === 'win32') return
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Whether a data directory has generated keys of that name. */
export const hasKeyFile = (dataDir: string, name: Name): boolean =>
  existsSync(fileOf(dataDir, name))

/** Reads the generated keys of a data directory (`keys/<name>`). Throws when there are none, or the file is damaged. */
export const readKeyFile = (dataDir: string, name: Name): readonly KeyText[] => {
  const file = fileOf(dataDir, name)
  const keys = parse(file, readFileSync(file, 'utf8'))
  if (keys.length === 0) throw new Error(`${file} is empty. Restore it from a backup.`)
  return keys
}

/**
 * Reads the generated keys of a data directory (`keys/<name>`, mode 0600), making one on the first start.
 * Refuses a damaged file.
 */
export const readOrCreateKeyFile = (dataDir: string, name: Name): readonly KeyText[] => {
  mkdirSync(join(dataDir, 'keys'), { recursive: true, mode: 0o700 })
  if (!hasKeyFile(dataDir, name)) createOnce(fileOf(dataDir, name), `g1:${generateKey()}\n`)
  return readKeyFile(dataDir, name)
}

/** What a process has left that was killed: a key that nothing was sealed with. */
const removeDrafts = (dataDir: string, name: Name): void => {
  for (const entry of readdirSync(join(dataDir, 'keys')))
    if (entry.startsWith(`${name}.`) && draftName.test(entry))
      rmSync(join(dataDir, 'keys', entry), { force: true })
}

/**
 * Makes a key of that id the newest of a file, durably; those that it had stay behind it, and its owner and mode stay. One that has
 * the id already is left as it is. Whoever calls it sees to it that nobody else does at the same time.
 */
export const addKeyToFile = (dataDir: string, name: Name, id: string): void => {
  const file = fileOf(dataDir, name)
  const keys = readKeyFile(dataDir, name)
  if (keys.some((key) => key.id === id)) return
  removeDrafts(dataDir, name)
  const lines = [{ id, base64: generateKey() }, ...keys]
  const content = lines.map((key) => `${key.id}:${key.base64}\n`).join('')
  writeDraft(file, content, (draft, handle) => {
    takeOver(file, handle)
    renameSync(draft, file)
  })
  syncDirectory(join(dataDir, 'keys'))
}
