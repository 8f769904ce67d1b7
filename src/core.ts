import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import manifest from '../package.json' with { type: 'json' }
import type { Config } from './config.ts'
import type { GoogleApis } from './connectors/upstream/index.ts'
import { createEgress } from './egress/create.ts'
import { createLockout } from './features/authentication/lockout.ts'
import {
  createPasswordCheck,
  type SignInFailure,
} from './features/authentication/password-check.ts'
import { createPasswordServices } from './features/authentication/create.ts'
import { createPasswordHasher } from './features/authentication/passwords.ts'
import { createSessions, type Sessions } from './features/authentication/sessions.ts'
import { createAccesses } from './features/authorizations/accesses.ts'
import { createAllowedApplications } from './features/authorizations/allowed.ts'
import { createAuthorizationRequests } from './features/authorizations/authorization-requests.ts'
import { createBearerCheck } from './features/authorizations/bearer.ts'
import { createConsents } from './features/authorizations/consents.ts'
import { createDecisions } from './features/authorizations/decisions.ts'
import { createLastUsed } from './features/authorizations/last-used.ts'
import { createReplays } from './features/authorizations/replay.ts'
import type { Reuse } from './features/authorizations/issuing.ts'
import { createTokenStore } from './features/authorizations/token-store.ts'
import { createGrantRule } from './features/client-applications/application.ts'
import { createClientReader } from './features/client-applications/client-reader.ts'
import { createMachineClients } from './features/client-applications/machine-clients.ts'
import { createApplicationFacts } from './features/client-applications/facts.ts'
import { createApplicationService } from './features/client-applications/service.ts'
import { createApplicationStore } from './features/client-applications/store.ts'
import { createCarrying } from './features/data-sources/carrying.ts'
import { createSources } from './features/data-sources/create.ts'
import { createReadLimits } from './features/limits/effective.ts'
import { createLimits } from './features/limits/service.ts'
import { createUpstreamAccounts } from './features/oauth-connections/create.ts'
import { createSealedValues, type SealedValues } from './features/sealed/data-keys.ts'
import type { Renewed } from './features/upstream-tokens/refresh.ts'
import { createRoles } from './features/roles/service.ts'
import { checkKeys } from './features/setup/key-check.ts'
import { seedAccess } from './features/setup/seed.ts'
import { createTenants } from './features/tenants/service.ts'
import { explainDatabaseError } from './start-errors.ts'
import { createUserServices } from './features/users/create.ts'
import { createUserStore, type UserStore } from './features/users/store.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import type { MigrateMode, MigrationPlan } from './store/migrate.ts'
import { refuseMoved } from './store/moved.ts'
import { endpointsOf } from './store/postgres/connect.ts'
import { openPostgresStore, planPostgresDatabase } from './store/postgres/store.ts'
import { planSqlite } from './store/sqlite/migrate.ts'
import { openSqliteStore } from './store/sqlite/store.ts'
import type { Store } from './store/store.ts'
import { hasKeyFile, readKeyFile, readOrCreateKeyFile } from './vault/key-files.ts'
import { createMasterKeys, keyFromBase64, type KeyRing, type KeyText } from './vault/keys.ts'
import { createApplicationSecrets } from './features/client-applications/secrets.ts'
import type { RandomBytes } from './oauth/token-format.ts'
import { createHasher, type Hasher } from './vault/hashing.ts'

/** What tests replace. */
export type AppOptions = {
  readonly config: Config
  readonly logger: Logger
  readonly clock?: Clock
  /** Where Google's APIs answer. */
  readonly googleApis?: GoogleApis | undefined
}

/** The text of the keys: from the environment, else from the data directory, where a first start makes them. */
export const readSecretKeys = (
  config: Config,
): { readonly masters: readonly KeyText[]; readonly pepper: KeyText } => {
  const masters =
    config.masterKeys?.map((key) => ({ id: key.id, base64: key.key.reveal() })) ??
    readOrCreateKeyFile(config.dataDir, 'master')
  const [pepper] = config.pepper
    ? [{ id: config.pepper.id, base64: config.pepper.key.reveal() }]
    : readOrCreateKeyFile(config.dataDir, 'pepper')
  if (pepper === undefined) throw new Error('There is no pepper.')
  return { masters, pepper }
}

/** The keys of this server; generated master keys are read again when one is missing (vault/keys.ts). */
export const readKeyRing = (config: Config): KeyRing => {
  const { masters, pepper } = readSecretKeys(config)
  const generated = config.masterKeys === undefined
  return {
    masters: createMasterKeys(() => (generated ? readKeyFile(config.dataDir, 'master') : masters)),
    pepper: keyFromBase64(pepper.id, pepper.base64),
  }
}

/** Whether the keys of a configuration are there already, so that reading them makes none. */
export const hasKeys = (config: Config): boolean =>
  (config.masterKeys !== undefined || hasKeyFile(config.dataDir, 'master')) &&
  (config.pepper !== undefined || hasKeyFile(config.dataDir, 'pepper'))

/** The system store with the keys that belong to it. */
export type OpenedStore = { readonly store: Store; readonly ring: KeyRing }

/** The file of the embedded store. */
export const databaseFile = (dataDir: string): string => join(dataDir, 'headgate.db')

export type OpenOptions = {
  readonly clock?: Clock
  readonly mode?: MigrateMode
  /** Asked before a PostgreSQL without users is written; what it throws leaves the database as it was. */
  readonly onFirstStart?: () => void
  /** Also an embedded store that was moved to PostgreSQL. */
  readonly evenMoved?: boolean
}

const openSystemDatabase = async (config: Config, options: OpenOptions): Promise<Store> => {
  const { mode = config.migrate, onFirstStart } = options
  if (config.database === undefined) {
    if (options.evenMoved !== true) refuseMoved(config.dataDir)
    return openSqliteStore(databaseFile(config.dataDir), mode)
  }
  try {
    return await openPostgresStore({
      url: config.database.url.reveal(),
      poolSize: config.database.poolSize,
      mode,
      ...(onFirstStart === undefined ? {} : { onFirstStart }),
    })
  } catch (error) {
    throw explainDatabaseError(error)
  }
}

/** What opening the system store of a configuration with `auto` would do to it; nothing is changed. */
export const planMigration = async (config: Config): Promise<MigrationPlan> => {
  if (config.database !== undefined) {
    try {
      return await planPostgresDatabase(config.database.url.reveal())
    } catch (error) {
      throw explainDatabaseError(error)
    }
  }
  refuseMoved(config.dataDir)
  return planSqlite(databaseFile(config.dataDir))
}

/** Opens the system store of a configuration and checks that it belongs to these keys. */
export const openStore = async (
  config: Config,
  options: OpenOptions = {},
): Promise<OpenedStore> => {
  const { clock = systemClock } = options
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const store = await openSystemDatabase(config, options)
  try {
    const ring = readKeyRing(config)
    // Nodes that start at once on an empty database do this one after the other.
    await store.exclusive('start', async () => {
      await checkKeys(store, ring)
      await seedAccess(store, clock)
    })
    return { store, ring }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Everything below HTTP, created once, from the store upward. */
type Base = OpenedStore & {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly hash: Hasher
  readonly sealed: SealedValues
}

/** What the core tells the outside; set by whoever wants to know. */
type Listeners = {
  reuse: (reuse: Reuse) => void
  signInFailure: (failure: SignInFailure) => void
  upstreamRenewed: (renewed: Renewed) => void
}

/** Who is who: users, passwords, sessions. */
const createIdentity = (base: Base, listeners: Listeners) => {
  const { store, clock } = base
  const users = createUserStore(store, clock)
  const lockout = createLockout(store, clock)
  const passwords = createPasswordHasher()
  const passwordCheck = createPasswordCheck({
    ...base,
    users,
    lockout,
    passwords,
    onFailure: (failure) => listeners.signInFailure(failure),
  })
  const passwordServices = createPasswordServices({ ...base, users, passwords, passwordCheck })
  return {
    users,
    lockout,
    passwords,
    passwordCheck,
    ...passwordServices,
    sessions: createSessions({ ...base, users }),
    ...createUserServices({
      ...base,
      ...passwordServices,
      users,
      lockout,
      passwords,
      carrying: createCarrying(base),
    }),
  }
}

type Egress = ReturnType<typeof createEgress>

/** Who may read it: applications, consents, codes and tokens. */
const createAuthorizations = (
  base: Base,
  config: Config,
  listeners: Listeners,
  outside: Egress & { readonly sessions: Sessions; readonly users: UserStore },
) => {
  const { store, ring, clock, sealed } = base
  const lastUsed = createLastUsed(store, clock)
  const applications = createApplicationStore(store)
  const showSecrets = config.hdp.has('show-secrets')
  const registered = createGrantRule({ passwordForAll: config.hdp.has('password-grant') })
  const secrets = createApplicationSecrets({ ...base, sealed, showSecrets })
  const consents = createConsents(base)
  const requests = createAuthorizationRequests(base)
  return {
    lastUsed,
    applications: createApplicationService({
      ...base,
      applications,
      secrets,
      machines: createMachineClients(base),
    }),
    ...createUpstreamAccounts({
      ...base,
      ...outside,
      showSecrets,
      publicUrl: config.publicUrl,
      sharedCallback: config.hdp.has('shared-callback'),
    }),
    clients: createClientReader(store, registered),
    facts: createApplicationFacts(store),
    consents,
    requests,
    decisions: createDecisions({ store, sessions: outside.sessions, requests, consents }),
    allowed: createAllowedApplications(store),
    accesses: createAccesses(base),
    bearer: createBearerCheck({ ...base, lastUsed }),
    tokens: createTokenStore({
      ...base,
      lastUsed,
      replays: createReplays(ring.pepper),
      grantsPassword: (application) => registered(application).includes('password'),
      onReuse: (reuse) => listeners.reuse(reuse),
    }),
  }
}

/** Everything below HTTP, created once, from the store upward. */
export const createCore = (
  opened: OpenedStore,
  { config, clock = systemClock, googleApis }: Omit<AppOptions, 'logger'>,
) => {
  const listeners: Listeners = {
    reuse: () => undefined,
    signInFailure: () => undefined,
    upstreamRenewed: () => undefined,
  }
  const base: Base = {
    ...opened,
    clock,
    random: randomBytes,
    hash: createHasher(opened.ring.pepper),
    sealed: createSealedValues(opened.store, opened.ring, clock.now),
  }
  const identity = createIdentity(base, listeners)
  // The system store is nobody's upstream (DESIGN invariant 21).
  const never = endpointsOf(config.database?.url.reveal())
  const egress = createEgress(config, { never, clock })
  return {
    ...base,
    ...egress,
    listeners,
    ...identity,
    tenants: createTenants(base),
    roles: createRoles(base),
    limits: createLimits(base.store),
    readLimits: createReadLimits(base.store),
    ...createSources({
      ...base,
      ...egress,
      googleApis,
      users: identity.users,
      filesDir: config.filesDir,
      showSecrets: config.hdp.has('show-secrets'),
      release: { version: manifest.version, helpUrl: `${config.publicUrl}/api/docs` },
      onRenewed: (renewed) => listeners.upstreamRenewed(renewed),
    }),
    ...createAuthorizations(base, config, listeners, { ...identity, ...egress }),
  }
}

export type Core = ReturnType<typeof createCore>
