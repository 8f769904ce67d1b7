import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { type Core, createCore, openStore } from './core.ts'
import type { Config } from './config.ts'
import { systemTenantId } from './features/access/permissions.ts'
import { createDemoDataSource } from './features/demo/data-source.ts'
import {
  generatePassword,
  initialPasswordsFile,
  writeInitialPasswords,
} from './features/setup/initial-passwords.ts'
import { createFirstUsers, type FirstUser, missingUsers } from './features/setup/seed.ts'
import { listenMetrics } from './http/metrics.ts'
import { createLogger } from './http/log.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { startMaintenance } from './maintenance.ts'

export type Running = {
  readonly url: string
  readonly port: number
  readonly core: Core
  /** Where generated first passwords were written at this start, if any were. */
  readonly passwordsFile: string | undefined
  readonly stop: () => Promise<void>
}

export type ServeOptions = {
  readonly logger?: Logger
  readonly clock?: Clock
  /** The user `demo` without the demo's data. */
  readonly demoUser?: boolean
}

/** The users of a first start: HDP's names, with given or generated passwords. */
const ensureUsers = async (
  core: Core,
  config: Config,
  demoUser: boolean,
): Promise<string | undefined> => {
  const wanted = [
    { userName: 'd2cadmin', roleId: 1, given: config.adminPassword, when: true },
    {
      userName: 'd2cuser',
      roleId: 2,
      given: config.userPassword,
      when: config.userPassword !== undefined,
    },
    { userName: 'demo', roleId: 2, given: config.demoPassword, when: demoUser },
  ].filter((user) => user.when)
  const missing = await missingUsers(
    core.store,
    wanted.map((user) => user.userName),
  )
  const fresh = wanted.filter((user) => missing.includes(user.userName))
  const users = fresh.map(
    (user): FirstUser => ({
      userName: user.userName,
      roleId: user.roleId,
      password: user.given ?? generatePassword(),
    }),
  )
  const generated = users.filter((_user, index) => fresh[index]?.given === undefined)
  writeInitialPasswords(config.dataDir, generated)
  await createFirstUsers(core.store, { clock: core.clock, passwords: core.passwords }, users)
  return generated.length > 0 ? initialPasswordsFile(config.dataDir) : undefined
}

/** Starts the server of a configuration. Throws when it cannot; then nothing is left open. */
export const serve = async (config: Config, options: ServeOptions = {}): Promise<Running> => {
  const { logger = createLogger('info'), clock = systemClock, demoUser = config.demo } = options
  const opened = await openStore(config, clock)
  const core = createCore(opened, { config, clock })
  try {
    mkdirSync(join(config.filesDir, String(systemTenantId)), { recursive: true, mode: 0o700 })
    const passwordsFile = await ensureUsers(core, config, demoUser)
    if (config.demo) await createDemoDataSource(core, config.filesDir)
    const { server, metrics } = await createApp(core, { config, logger })
    const maintenance = startMaintenance(core, logger, metrics)
    // The framework's own line about listening would stand beside ours.
    const { level } = logger
    logger.level = 'warn'
    await server.listen({ host: config.host, port: config.port })
    logger.level = level
    const metricsServer =
      config.metricsPort === undefined
        ? undefined
        : await listenMetrics(metrics, config.metricsPort)
    const { port } = server.server.address() as AddressInfo
    let stopping: Promise<void> | undefined
    const stopAll = async (): Promise<void> => {
      await server.close()
      metricsServer?.close()
      await maintenance.stop()
      await core.openSources.close()
      await core.connectors.close()
      await core.store.close()
    }
    return {
      url: config.publicUrl,
      port,
      core,
      passwordsFile,
      stop: () => (stopping ??= stopAll()),
    }
  } catch (error) {
    await core.store.close()
    throw error
  }
}
