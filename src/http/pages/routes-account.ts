import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AllowedApplication, AllowedApplications } from '#features/authorizations/allowed.ts'
import type { DataSource } from '#features/data-sources/data-source.ts'
import type { DataSourceService } from '#features/data-sources/service.ts'
import { ManagementError, refusals } from '#features/refusals.ts'
import { scopeInWords } from '#oauth/scope.ts'
import { type DataSourceSelection, reaches } from '#oauth/selection.ts'
import type { BrowserSession, SignedIn } from './browser-session.ts'
import {
  type ConnectedApplication,
  type Reach,
  renderConnectedApplications,
} from './connected-applications.ts'
import { pagePaths } from './paths.ts'
import { answerPageError, sendPage } from './send.ts'

export type AccountDeps = {
  readonly browser: BrowserSession
  readonly allowed: AllowedApplications
  readonly dataSources: DataSourceService
}

const purpose = 'account'

/** Runs a page for a signed-in user; anybody else goes to the sign-in page, and who must change the password to that. */
const signedInOnly =
  (
    deps: AccountDeps,
    page: (
      request: FastifyRequest,
      reply: FastifyReply,
      signedIn: SignedIn,
    ) => Promise<FastifyReply>,
  ) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const signedIn = await deps.browser.readSession(request)
    if (signedIn === undefined) return reply.redirect(pagePaths.signIn, 303)
    if (signedIn.caller.mustChangePassword) return reply.redirect(pagePaths.password, 303)
    return page(request, reply, signedIn)
  }

const reachOf = (selection: DataSourceSelection, owned: readonly DataSource[]): Reach => {
  const later = selection.kind === 'all-but'
  return {
    sources:
      later && selection.ids.length === 0
        ? 'everything you can read'
        : owned.filter((source) => reaches(selection, source.id)).map((source) => source.name),
    later,
  }
}

const toConnected = (
  application: AllowedApplication,
  owned: readonly DataSource[],
): ConnectedApplication => {
  const { selection, byItself, lastUsedAt, redirectHost } = application
  return {
    id: String(application.id),
    name: application.name,
    ownerName: application.ownerName,
    scopeInWords,
    ...(selection === undefined ? {} : { reads: reachOf(selection, owned) }),
    ...(byItself === undefined ? {} : { readsByItself: reachOf(byItself, owned) }),
    since: new Date(application.since),
    ...(lastUsedAt === undefined ? {} : { lastUsed: new Date(lastUsedAt) }),
    ...(redirectHost === undefined ? {} : { redirectHost }),
    disconnectAction: `/account/applications/${application.id}/disconnect`,
  }
}

const notices: Readonly<Record<string, string>> = {
  disconnected: 'The application is disconnected. Its access ended at once.',
  'all-disconnected': 'All applications are disconnected. Their access ended at once.',
  'password-changed': 'Your new password is in force, and other browsers are signed out.',
}

const showApplications = async (
  deps: AccountDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { caller, sessionId }: SignedIn,
): Promise<FastifyReply> => {
  const [applications, owned] = await Promise.all([
    deps.allowed.list(caller),
    deps.dataSources.listOf(caller.userId),
  ])
  const notice = notices[String((request.query as { done?: unknown }).done)]
  return sendPage(
    reply,
    renderConnectedApplications({
      user: { name: caller.userName },
      csrf: deps.browser.csrfFor(sessionId, purpose),
      applications: applications.map((application) => toConnected(application, owned)),
      ...(notice === undefined ? {} : { notice }),
    }),
  )
}

const disconnect = async (
  deps: AccountDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { caller, sessionId }: SignedIn,
): Promise<FastifyReply> => {
  deps.browser.readForm(request, sessionId, purpose)
  const { id } = request.params as { id: string }
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new ManagementError(refusals.accessNotFound)
  await deps.allowed.revoke(caller, Number(id))
  request.log.info({ audit: 'access.revoked', userId: caller.userId, subject: Number(id) }, 'audit')
  return reply.redirect(`${pagePaths.applications}?done=disconnected`, 303)
}

const disconnectAll = async (
  deps: AccountDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { caller, sessionId }: SignedIn,
): Promise<FastifyReply> => {
  deps.browser.readForm(request, sessionId, purpose)
  const ended = await deps.allowed.revokeAll(caller)
  request.log.info({ audit: 'access.all-revoked', userId: caller.userId, ended }, 'audit')
  return reply.redirect(`${pagePaths.applications}?done=all-disconnected`, 303)
}

/** The user's own pages. */
export const mountAccountRoutes = (app: FastifyInstance, deps: AccountDeps): void => {
  const options = { errorHandler: answerPageError }
  app.get(
    pagePaths.applications,
    options,
    signedInOnly(deps, (...a) => showApplications(deps, ...a)),
  )
  app.post(
    '/account/applications/:id/disconnect',
    options,
    signedInOnly(deps, (...a) => disconnect(deps, ...a)),
  )
  app.post(
    pagePaths.disconnectAll,
    options,
    signedInOnly(deps, (...a) => disconnectAll(deps, ...a)),
  )
}
