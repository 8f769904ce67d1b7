import { realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { ConnectorError } from '../errors.ts'

const rejected = (message: string, cause?: unknown): ConnectorError =>
  new ConnectorError('rejected', message, { cause })

const realPath = (path: string, message: string): string => {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw rejected(message, cause)
  }
}

const isPlain = (name: string): boolean =>
  /^[\p{L}\p{N}_][\p{L}\p{N}_ .-]{0,127}$/u.test(name) && !name.includes('..')

/**
 * The real path of a folder named by a data source: one or more plain names with `/` between them, below the tenant's directory.
 * Nothing hidden, nothing that leads out of that directory, not even by a symbolic link.
 */
export const resolveFolder = (name: string, filesDirectory: string): string => {
  if (!name.split('/').every(isPlain))
    throw rejected(
      'Folder must be the name of a folder, made of letters, digits, spaces, dots, dashes and underscores; / leads into one inside.',
    )
  const directory = realPath(filesDirectory, 'Folder: this tenant has no files.')
  const missing = `Folder: there is no folder '${name}' among the files of this tenant.`
  const folder = realPath(join(directory, name), missing)
  if (!folder.startsWith(directory + sep)) throw rejected(missing)
  if (!statSync(folder).isDirectory()) throw rejected(`Folder: '${name}' is not a folder.`)
  return folder
}
