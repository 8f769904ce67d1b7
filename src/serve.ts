import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { type Core, createCore } from './core.ts'
import { openStore } from './open-store.ts'
import { type Config, ConfigError } from './config.ts'
import { systemTenantId } from './features/access/permissions.ts'
import { passwordFault } from './features/authentication/change-password.ts'
import type { PasswordCost } from './features/authentication/passwords.ts'
import type { GoogleApis } from './connectors/upstream/index.ts'
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
import { explainStartError } from './start-errors.ts'
import { lockDataDirectory } from './store/serve-lock.ts'

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
  readonly googleApis?: GoogleApis
  /** Less than in earnest, for tests. */
  readonly passwordCost?: PasswordCost
}

/** HDP leaves first passwords out of its policy; here the first administrator is no exception. */
const checkFirstPassword = ({ userName, password }: FirstUser): void => {
  const fault = passwordFault(userName, password.reveal())
  if (fault !== undefined)
    throw new Error(`The first password of ${userName} is not acceptable: ${fault}`)
}

type WantedUser = {
  readonly userName: string
  readonly roleId: number
  readonly given: Config['adminPassword']
}

/** The users of a first start: HDP's names. */
const wantedUsers = (config: Config, demoUser: boolean): readonly WantedUser[] => [
  { userName: 'd2cadmin', roleId: 1, given: config.adminPassword },
  ...(config.userPassword === undefined
    ? []
    : [{ userName: 'd2cuser', roleId: 2, given: config.userPassword }]),
  ...(demoUser ? [{ userName: 'demo', roleId: 2, given: config.demoPassword }] : []),
]

/** Gives them their passwords; refuses those that are not acceptable, and to generate one where no node has the file. */
const withPasswords = (
  config: Config,
  wanted: readonly WantedUser[],
): readonly (FirstUser & { readonly generated: boolean })[] => {
  const unnamed = wanted.find((user) => user.given === undefined)
  // Which node would have the file? None of them is the first.
  if (config.database !== undefined && unnamed !== undefined)
    throw new ConfigError(
      unnamed.userName === 'demo' ? 'HEADGATE_DEMO_PASSWORD' : 'HEADGATE_ADMIN_PASSWORD',
      `is missing: on PostgreSQL the first password of ${unnamed.userName} is not generated`,
      'correct-horse-battery',
    )
  const users = wanted.map(({ userName, roleId, given }) => ({
    userName,
    roleId,
    password: given ?? generatePassword(),
    generated: given === undefined,
  }))
  for (const user of users) checkFirstPassword(user)
  return users
}

const ensureUsers = async (
  core: Core,
  config: Config,
  demoUser: boolean,
): Promise<string | undefined> => {
  const wanted = wantedUsers(config, demoUser)
  const missing = await missingUsers(
    core.store,
    wanted.map((user) => user.userName),
  )
  const users = withPasswords(
    config,
    wanted.filter((user) => missing.includes(user.userName)),
  )
  const generated = users.filter((user) => user.generated)
  writeInitialPasswords(config.dataDir, generated)
  await createFirstUsers(core.store, { clock: core.clock, passwords: core.passwords }, users)
  return generated.length > 0 ? initialPasswordsFile(config.dataDir) : undefined
}

/** What was started, to be ended in the opposite order: at a stop, or when a later part cannot start. */
const createEndings = () => {
  const endings: (() => Promise<unknown> | void)[] = []
  let ending: Promise<void> | undefined
  const endAll = async (): Promise<void> => {
    for (const end of endings.toReversed()) await end()
  }
  return {
    add: (end: () => Promise<unknown> | void): void => void endings.push(end),
    run: (): Promise<void> => (ending ??= endAll()),
  }
}

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

/** Listens; the framework's own line about it would stand beside ours. */
const listen = async (server: FastifyInstance, config: Config, logger: Logger): Promise<number> => {
  const { level } = logger
  logger.level = 'warn'
  try {
    await server.listen({ host: config.host, port: config.port })
  } finally {
    logger.level = level
  }
  return (server.server.address() as AddressInfo).port
}

const start = async (
  config: Config,
  options: ServeOptions & Required<Pick<ServeOptions, 'logger' | 'clock' | 'demoUser'>>,
  endings: ReturnType<typeof createEndings>,
) => {
  const { logger, clock, demoUser } = options
  endings.add(() => logger.flush())
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  if (config.database === undefined) endings.add(lockDataDirectory(config.dataDir))
  const onFirstStart = (): void => void withPasswords(config, wantedUsers(config, demoUser))
  const core = createCore(await openStore(config, { clock, onFirstStart }), {
    config,
    clock,
    googleApis: options.googleApis,
    passwordCost: options.passwordCost,
  })
  endings.add(core.store.close)
  endings.add(core.outbound.close)
  endings.add(core.upstreamTokens.close)
  endings.add(core.connectors.close)
  endings.add(core.openSources.close)
  mkdirSync(join(config.filesDir, String(systemTenantId)), { recursive: true, mode: 0o700 })
  const passwordsFile = await ensureUsers(core, config, demoUser)
  if (config.demo) await createDemoDataSource(core, config.filesDir)
  const { server, metrics } = await createApp(core, { config, logger })
  const maintenance = await startMaintenance(core, logger, metrics)
  endings.add(maintenance.stop)
  if (config.metricsPort !== undefined) {
    const metricsServer = await listenMetrics(metrics, config.metricsPort)
    endings.add(() => closeServer(metricsServer))
  }
  endings.add(() => server.close())
  return { core, passwordsFile, port: await listen(server, config, logger) }
}

/** Starts the server of a configuration. Throws when it cannot; then nothing is left open. */
export const serve = async (config: Config, options: ServeOptions = {}): Promise<Running> => {
  const { logger = createLogger('info'), clock = systemClock, demoUser = config.demo } = options
  const endings = createEndings()
  try {
    const started = await start(config, { ...options, logger, clock, demoUser }, endings)
    logger.info({ url: config.publicUrl, hdp: [...config.hdp] }, 'started')
    endings.add(() => logger.info('stopping'))
    return { url: config.publicUrl, ...started, stop: endings.run }
  } catch (error) {
    await endings.run()
    throw explainStartError(error, config)
  }
}
