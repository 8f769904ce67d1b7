import { type Config, ConfigError, databaseExample } from './config.ts'
import { Unavailable } from './lib/refusal.ts'
import { SchemaError } from './store/migrate.ts'
import { DatabaseUnusable } from './store/postgres/usable.ts'

type SystemError = Error & {
  readonly code?: string
  readonly path?: string
  readonly port?: number
}

const listening = (port: number, config: Config): ConfigError =>
  port === config.metricsPort
    ? new ConfigError('HEADGATE_METRICS_PORT', `is ${port}, which another program uses`, '9465')
    : new ConfigError(
        'HEADGATE_PORT',
        `is ${port}, which another program uses or this user may not use`,
        '8081',
      )

/** The variable that a path came from. */
const variableOf = (path: string, config: Config): string | undefined => {
  if (path === config.tls?.cert) return 'HEADGATE_TLS_CERT'
  if (path === config.tls?.key) return 'HEADGATE_TLS_KEY'
  if (path.startsWith(config.filesDir) && !config.filesDir.startsWith(config.dataDir))
    return 'HEADGATE_FILES_DIR'
  return path.startsWith(config.dataDir) ? 'HEADGATE_DATA_DIR' : undefined
}

/** Why PostgreSQL cannot be used, as one line that names the variable; anything else as it is. */
export const explainDatabaseError = (error: unknown): unknown => {
  const variable = 'HEADGATE_DATABASE_URL'
  if (error instanceof SchemaError)
    return new Error(`${variable}: ${error.message}`, { cause: error })
  if (!(error instanceof DatabaseUnusable)) return error
  return error.urlIsWrong
    ? new ConfigError(variable, error.message, databaseExample)
    : new Error(`${variable} ${error.message}.`, { cause: error })
}

/** What the system says of a start that failed, as one line that names the variable; anything else as it is. */
export const explainStartError = (error: unknown, config: Config): unknown => {
  if (!(error instanceof Error)) return error
  if (error instanceof Unavailable && error.detail !== undefined)
    return new Error(`This cannot go on: ${error.detail}. Try again.`, { cause: error })
  const { code, path, port } = error as SystemError
  if ((code === 'EADDRINUSE' || code === 'EACCES') && port !== undefined)
    return listening(port, config)
  const variable = path === undefined ? undefined : variableOf(path, config)
  if (variable !== undefined)
    return new ConfigError(
      variable,
      `leads to ${path}, which cannot be used (${code})`,
      '/var/lib/headgate',
    )
  if (code === 'ERR_SQLITE_ERROR')
    return new Error(
      `The database in ${config.dataDir} cannot be opened (${error.message}). Check HEADGATE_DATA_DIR and its permissions, or restore a backup.`,
      { cause: error },
    )
  return error
}
