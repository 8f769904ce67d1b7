import type { Config } from '../config.ts'
import { openStore } from '../open-store.ts'
import { type Run, UsageError } from './command.ts'
import { showPlan } from './migrate/dry-run.ts'
import { moveToPostgres } from './migrate/move.ts'

const where = (config: Config): string =>
  config.database === undefined
    ? `The database in ${config.dataDir}`
    : 'The database of HEADGATE_DATABASE_URL'

const bringUp = async (config: Config): Promise<void> => {
  // Whoever says migrate means it, whatever HEADGATE_MIGRATE tells a start.
  const { store } = await openStore(config, { mode: 'auto' })
  await store.close()
}

/** Brings the database to this release, shows what that would do, or moves an embedded database to PostgreSQL. */
export const migrate: Run = async ({ args, config, output }) => {
  const [word, url, ...others] = args
  if (word === undefined) {
    await bringUp(config)
    return output.line(`${where(config)} is up to date.`)
  }
  if (word === '--dry-run' && url === undefined) return showPlan(config, output)
  if (word === '--to' && url !== undefined && others.length === 0)
    return moveToPostgres(config, url, output)
  throw new UsageError(`Usage: npm run headgate -- migrate [--dry-run | --to <postgres://…>]`)
}
