import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** A name beside a file for what is to become it; never the name of anything that counts. */
export const draftOf = (file: string): string =>
  `${file}.${process.pid}.${randomBytes(4).toString('hex')}.draft`

/** Makes an empty file for its owner alone. Throws EEXIST when there is one. */
export const createPrivateFile = (file: string): void => closeSync(openSync(file, 'wx', 0o600))

const sync = (path: string): void => {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Waits until a file is on disk. */
export const syncFile = sync

/** Waits until the names in the directory of a file are on disk. Windows has no such thing. */
export const syncDirectoryOf = (file: string): void => {
  if (process.platform !== 'win32') sync(dirname(file))
}

/** File systems without hard links say it in these ways. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

export const isLinkless = (error: unknown): boolean =>
  noLinks.has((error as NodeJS.ErrnoException).code ?? '')

/** Gives a draft its name, durably. Throws EEXIST when that name is taken: nothing is ever overwritten. */
export const publishFile = (draft: string, file: string): void => {
  syncFile(draft)
  try {
    linkSync(draft, file)
    rmSync(draft)
  } catch (error) {
    if (!isLinkless(error)) throw error
    if (existsSync(file)) throw Object.assign(new Error(`${file} exists`), { code: 'EEXIST' })
    renameSync(draft, file)
  }
  syncDirectoryOf(file)
}

/** Writes a small file for its owner alone, whole or not at all; one that is there is replaced. */
export const writePrivateFile = (file: string, content: string): void => {
  const draft = draftOf(file)
  try {
    writeFileSync(draft, content, { mode: 0o600, flag: 'wx' })
    syncFile(draft)
    renameSync(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
  syncDirectoryOf(file)
}
