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

/**
 * The real path of a database file named by a data source. A name is one plain file name: no separator of any
 * system, nothing hidden, nothing that leads out of the tenant's directory, not even by a symbolic link.
 */
export const resolveDatabaseFile = (name: string, filesDirectory: string): string => {
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_ .-]{0,127}$/u.test(name) || name.includes('..'))
    throw rejected(
      'Database must be the name of a file, made of letters, digits, spaces, dots, dashes and underscores.',
    )
  const directory = realPath(filesDirectory, 'Database: this tenant has no files.')
  const missing = `Database: there is no file '${name}' among the files of this tenant.`
  const file = realPath(join(directory, name), missing)
  if (!file.startsWith(directory + sep)) throw rejected(missing)
  if (!statSync(file).isFile()) throw rejected(`Database: '${name}' is not a file.`)
  return file
}
