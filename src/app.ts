import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import manifest from '../package.json' with { type: 'json' }
import type { Config } from './config.ts'
import { actFor } from './features/access/acting.ts'
import { endpoints } from './features/endpoints.ts'
import { createBasicAuthentication } from './http/authenticate.ts'
import { createCookies } from './http/cookies.ts'
import { addCors } from './http/cors.ts'
import { createCsrf } from './http/csrf.ts'
import { mountHealth } from './http/health.ts'
import { mountEndpoints } from './http/management.ts'
import { createMetrics } from './http/metrics.ts'
import { mountTokenRoutes } from './http/oauth/token-routes.ts'
import { mountOData } from './http/odata/routes.ts'
import { mountApiDescription } from './http/openapi/routes.ts'
import { createBrowserSession } from './http/pages/browser-session.ts'
import { mountPages } from './http/pages/mount.ts'
import { createServer } from './http/server.ts'
import { days } from './lib/clock.ts'
import { createTurns } from './lib/turns.ts'
import type { Lifetimes, OAuthDeps } from './oauth/ports.ts'
import { first } from './store/command.ts'
import { deriveKey } from './vault/keys.ts'
import { open, seal } from './vault/sealing.ts'
import type { AppOptions, Core } from './core.ts'

/** Lifetimes (DESIGN 11 and 14). A chain that never idles out is given a century. */
const lifetimesOf = (config: Config): Lifetimes => ({
  idleConfidential: config.hdp.has('no-idle-expiry') ? days(36_500) : days(180),
  idlePublic: config.hdp.has('no-idle-expiry') ? days(36_500) : days(30),
})

const mountEverything = async (
  app: FastifyInstance,
  core: Core,
  config: Config,
  metrics: ReturnType<typeof createMetrics>,
): Promise<void> => {
  const issuer = config.publicUrl
  const oauth: OAuthDeps = {
    clients: core.clients,
    tokens: core.tokens,
    authenticateUser: async (name, password) => {
      const user = await core.passwordCheck.check(name, password)
      if (user?.mustChangePassword) return 'must change password'
      return user && { userId: user.id, passwordVersion: user.passwordVersion }
    },
    hashSecret: (secret) => core.hash('client-secret', secret),
    now: core.clock.now,
    lifetimes: lifetimesOf(config),
  }
  const readCaller = (id: number) => core.store.read(() => core.users.readCaller(id))
  const basic = createBasicAuthentication({ passwordCheck: core.passwordCheck, readCaller })
  const browser = createBrowserSession({
    cookies: createCookies(issuer),
    sessions: core.sessions,
    csrf: createCsrf(deriveKey(core.ring.pepper, 'csrf')),
    random: core.random,
    publicUrl: issuer,
  })
  const cursorKey = deriveKey(core.ring.pepper, 'cursor')
  const pages = { ...core, browser, issuer }

  await addCors(app, { publicOrigins: core.clients.publicOrigins })
  mountHealth(app, () =>
    core.store
      .read(() => first(core.store.sql.selectFrom('tenants').select('id').limit(1)))
      .then((row) => row !== undefined),
  )
  await mountPages(app, {
    ...pages,
    laterTicked: config.hdp.has('later-sources'),
    storeNames: (id) => core.connectors.find(id)?.name ?? 'Unknown',
  })
  mountTokenRoutes(app, { oauth, issuer, metrics })
  mountApiDescription(app, endpoints, {
    publicUrl: issuer,
    about: manifest,
    stores: core.connectors.connectors,
  })
  mountEndpoints(
    app,
    endpoints,
    {
      applications: core.applications,
      allowed: core.allowed,
      accesses: core.accesses,
      dataSources: core.dataSources,
      dataStores: core.dataStores,
      sourceModels: core.sourceModels,
      sourceLogs: core.sourceLogs,
      tenants: core.tenants,
      limits: core.limits,
      oauthApplications: core.oauthApplications,
      oauthProfiles: core.oauthProfiles,
      oauthConnections: core.oauthConnections,
      roles: core.roles,
      userAdministration: core.userAdministration,
      userParts: core.userParts,
      passwordChange: core.passwordChange,
      passwordAdministration: core.passwordAdministration,
      policies: core.policies,
      configurations: core.configurations,
    },
    {
      authenticate: basic.authenticate,
      actFor: (caller, name) => core.store.read(() => actFor(core.users, caller, name)),
    },
  )
  mountOData(app, {
    ...core,
    basic,
    readCaller,
    metrics,
    publicUrl: issuer,
    turns: createTurns(),
    sealer: {
      seal: (text, context) => seal(cursorKey, text, context),
      open: (token, context) => open(cursorKey, token, context),
    },
  })
}

/** The server, wired but not listening. */
export const createApp = async (core: Core, { config, logger }: AppOptions) => {
  const metrics = createMetrics({ passwordVerifications: core.passwordCheck.verifications })
  core.listeners.reuse = ({ what, applicationId }) => {
    metrics.reused(what)
    logger.warn(
      { audit: 'token.reused', what, subject: applicationId },
      'a code or refresh token was used twice; its chain was ended',
    )
  }
  core.listeners.signInFailure = ({ userId, locked }) => {
    metrics.signInFailed(locked)
    const who = userId === undefined ? 'unknown name' : userId
    if (locked)
      logger.warn(
        { audit: 'user.locked', userId: who },
        'a wrong password, and the account is locked',
      )
    else logger.info({ audit: 'user.sign-in-failed', userId: who }, 'audit')
  }
  core.listeners.upstreamRenewed = ({ token, outcome, cause, detail }) => {
    metrics.upstreamRenewed(outcome)
    const said = {
      owner: token.owner.kind,
      subject: token.owner.id,
      tenantId: token.tenantId,
      cause,
      detail,
    }
    if (outcome === 'reconnect-needed')
      logger.warn(
        { audit: 'upstream.reconnect-needed', ...said },
        'an account at a data store has to be connected again',
      )
    else if (outcome === 'failed')
      logger.warn(said, 'a data store gave no new token; it is asked again after a while')
    else logger.info(said, 'a token of a data store was renewed')
  }
  const server = await createServer({
    logger,
    metrics,
    tls: config.tls && {
      cert: readFileSync(config.tls.cert, 'utf8'),
      key: readFileSync(config.tls.key, 'utf8'),
    },
    trustProxy: config.trustProxy,
    secure: config.publicUrl.startsWith('https:'),
  })
  await mountEverything(server, core, config, metrics)
  return { server, metrics }
}
