import { randomBytes } from 'node:crypto'
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
import { createPasswordHasher, type PasswordCost } from './features/authentication/passwords.ts'
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
import { createTenants } from './features/tenants/service.ts'
import { createUserServices } from './features/users/create.ts'
import { createUserStore, type UserStore } from './features/users/store.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import type { OpenedStore } from './open-store.ts'
import { endpointsOf } from './store/postgres/connect.ts'
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
  /** What hashing a password costs. */
  readonly passwordCost?: PasswordCost | undefined
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
const createIdentity = (base: Base, listeners: Listeners, cost: PasswordCost | undefined) => {
  const { store, clock } = base
  const users = createUserStore(store, clock)
  const lockout = createLockout(store, clock)
  const passwords = createPasswordHasher(cost)
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
  { config, clock = systemClock, googleApis, passwordCost }: Omit<AppOptions, 'logger'>,
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
  const identity = createIdentity(base, listeners, passwordCost)
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
