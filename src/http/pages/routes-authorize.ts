import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuthorizationRequests } from '#features/authorizations/authorization-requests.ts'
import { type Answering, type Decisions, flowIsOver } from '#features/authorizations/decisions.ts'
import type { Consents } from '#features/authorizations/consents.ts'
import type { ApplicationFacts } from '#features/client-applications/facts.ts'
import type { DataSourceService } from '#features/data-sources/service.ts'
import { judgeAuthorizeRequest } from '#oauth/authorize/pipeline.ts'
import { errorLocation, successLocation } from '#oauth/authorize/response.ts'
import { OAuthError } from '#oauth/errors.ts'
import type { AuthorizationRequest, Client } from '#oauth/model.ts'
import type { ClientReader } from '#oauth/ports.ts'
import {
  isLoopback,
  matchesRedirectUri,
  redirectHost,
  redirectOrigin,
} from '#oauth/redirect-uri.ts'
import { scopeInWords } from '#oauth/scope.ts'
import { selectionOf } from '#oauth/selection.ts'
import { authorizeEntries } from '../oauth/parameters.ts'
import { oauthBases } from '../oauth/token-routes.ts'
import { FormError, oneField, type SignedIn } from './browser-session.ts'
import { renderConsent } from './consent.ts'
import {
  type PasswordPageDeps,
  type PasswordTarget,
  showPassword,
  takePassword,
} from './routes-password.ts'
import { type SignInDeps, type SignInTarget, showSignIn, takeSignIn } from './routes-sign-in.ts'
import { answerPageError, flowTargets, sendPage } from './send.ts'

export type AuthorizeDeps = SignInDeps &
  PasswordPageDeps & {
    readonly clients: ClientReader
    readonly facts: ApplicationFacts
    readonly requests: AuthorizationRequests
    readonly consents: Consents
    readonly decisions: Decisions
    readonly dataSources: DataSourceService
    readonly storeNames: (dataStore: number) => string
    readonly issuer: string
    /** HEADGATE_HDP=later-sources: the box *also those I add later* is ticked. */
    readonly laterTicked: boolean
  }

/** A flow that this browser may go on with. */
type Flow = {
  readonly handle: string
  readonly request: AuthorizationRequest
  readonly client: Client
}

const signInPath = (handle: string): string => `/oauth2/sign-in/${handle}`
const consentPath = (handle: string): string => `/oauth2/consent/${handle}`
const passwordPath = (handle: string): string => `/oauth2/password/${handle}`
const switchPath = (handle: string): string => `/oauth2/switch-account/${handle}`

const handleOf = (request: FastifyRequest): string => (request.params as { handle: string }).handle

/** RFC 9207 and RFC 9700 section 4.12: back to the client by 303, so that nothing of the form goes along. */
const sendBack = (reply: FastifyReply, location: string): FastifyReply =>
  reply.header('Cache-Control', 'no-store').redirect(location, 303)

const begin = async (
  deps: AuthorizeDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const outcome = await judgeAuthorizeRequest(deps.clients, authorizeEntries(request))
  if (outcome.kind === 'refused')
    return sendBack(reply, errorLocation(outcome, outcome.error, deps.issuer))
  const browser = deps.browser.ensureBrowser(request, reply)
  const handle = await deps.requests.begin(outcome.client.applicationId, outcome.request, browser)
  return sendBack(reply, consentPath(handle))
}

const requireFlow = async (deps: AuthorizeDeps, request: FastifyRequest): Promise<Flow> => {
  const handle = handleOf(request)
  const found = await deps.requests.read(handle, deps.browser.readBrowser(request))
  const client = found && (await deps.clients.readClient(found.clientId, { fresh: true }))
  if (found === undefined || client === undefined) throw flowIsOver()
  // The owner may have taken the redirect URI away since the flow began (T07, T53).
  if (!matchesRedirectUri(client.redirectUris, found.redirectUri, client.type)) throw flowIsOver()
  return { handle, request: found, client }
}

const signInTarget = ({ handle, request, client }: Flow): SignInTarget => ({
  action: signInPath(handle),
  next: consentPath(handle),
  flow: { applicationName: client.name, redirectHost: redirectHost(request.redirectUri) },
  formAction: flowTargets(request.redirectUri),
})

/** Who must change the password first goes on to the consent page, without having to start again. */
const passwordTarget = ({ handle, request, client }: Flow): PasswordTarget => ({
  action: passwordPath(handle),
  next: consentPath(handle),
  applicationName: client.name,
  formAction: flowTargets(request.redirectUri),
})

/** The consent form belongs to this session and this flow; another user's page does not fit (T21). */
const consentPurpose = (handle: string): string => `consent/${handle}`

const showConsent = async (
  deps: AuthorizeDeps,
  reply: FastifyReply,
  flow: Flow,
  signedIn: SignedIn,
  again?: { readonly ticked: readonly string[]; readonly later: boolean; readonly problem: string },
): Promise<FastifyReply> => {
  const { redirectUri } = flow.request
  const [facts, dataSources] = await Promise.all([
    deps.facts(flow.client.applicationId),
    deps.dataSources.listOf(signedIn.caller.userId),
  ])
  if (facts === undefined) throw flowIsOver()
  const page = renderConsent({
    action: consentPath(flow.handle),
    csrf: deps.browser.csrfFor(signedIn.sessionId, consentPurpose(flow.handle)),
    application: { ...facts, registeredAt: new Date(facts.registeredAt) },
    redirectHost: redirectHost(redirectUri),
    loopback: isLoopback(redirectUri),
    ...(redirectOrigin(redirectUri) === undefined
      ? { customScheme: redirectHost(redirectUri) }
      : {}),
    scopeInWords,
    user: { name: signedIn.caller.userName },
    dataSources: dataSources.map((source) => ({
      id: String(source.id),
      name: source.name,
      ...(source.description === undefined ? {} : { description: source.description }),
      storeName: deps.storeNames(source.dataStore),
    })),
    laterTicked: again?.later ?? deps.laterTicked,
    switchAccountAction: switchPath(flow.handle),
    tickNoneHref: `${consentPath(flow.handle)}?tick=none`,
    tickAllHref: consentPath(flow.handle),
    ...(again === undefined
      ? {}
      : { ticked: again.ticked, ...(again.problem === '' ? {} : { problem: again.problem }) }),
  })
  return sendPage(reply, page, {
    status: again === undefined || again.problem === '' ? 200 : 400,
    formAction: flowTargets(redirectUri),
  })
}

const answeringOf = (
  deps: AuthorizeDeps,
  request: FastifyRequest,
  flow: Flow,
  signedIn: SignedIn,
): Answering => ({
  handle: flow.handle,
  browser: deps.browser.readBrowser(request),
  sessionId: signedIn.sessionId,
})

const audit = (request: FastifyRequest, event: string, flow: Flow, { caller }: SignedIn): void =>
  request.log.info(
    { audit: event, userId: caller.userId, subject: flow.client.applicationId },
    'audit',
  )

const nothingTicked =
  'Tick at least one data source, or the box for later ones. To give nothing, choose Deny.'

const consent = async (
  deps: AuthorizeDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const flow = await requireFlow(deps, request)
  const signedIn = await deps.browser.readSession(request)
  if (signedIn === undefined) return reply.redirect(signInPath(flow.handle), 303)
  if (signedIn.caller.mustChangePassword) return reply.redirect(passwordPath(flow.handle), 303)
  const { userId } = signedIn.caller
  // DESIGN invariant 14: nobody can prove to be a public client, or the program behind a loopback address.
  const asks = flow.client.type === 'public' || isLoopback(flow.request.redirectUri)
  const asked = { userId, client: flow.client, request: flow.request }
  if (!asks && (await deps.consents.isRemembered(asked))) {
    const code = await deps.decisions.allowAgain(asked, answeringOf(deps, request, flow, signedIn))
    return sendBack(reply, successLocation(flow.request, code, deps.issuer))
  }
  const none = (request.query as { tick?: unknown }).tick === 'none'
  return showConsent(
    deps,
    reply,
    flow,
    signedIn,
    none ? { ticked: [], later: false, problem: '' } : undefined,
  )
}

const deny = async (
  deps: AuthorizeDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  flow: Flow,
  signedIn: SignedIn,
): Promise<FastifyReply> => {
  await deps.decisions.deny(answeringOf(deps, request, flow, signedIn))
  audit(request, 'access.denied', flow, signedIn)
  const denied = new OAuthError('access_denied', 'User denied OAuth access')
  return sendBack(reply, errorLocation(flow.request, denied, deps.issuer))
}

const decide = async (
  deps: AuthorizeDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const flow = await requireFlow(deps, request)
  const signedIn = await deps.browser.readSession(request)
  if (signedIn === undefined) return reply.redirect(signInPath(flow.handle), 303)
  if (signedIn.caller.mustChangePassword) return reply.redirect(passwordPath(flow.handle), 303)
  const fields = deps.browser.readForm(request, signedIn.sessionId, consentPurpose(flow.handle))
  const decision = oneField(fields, 'decision')
  if (decision === 'deny') return deny(deps, request, reply, flow, signedIn)
  if (decision !== 'allow') throw new FormError('The form says neither Allow nor Deny.')
  const { userId } = signedIn.caller
  const ticked = fields.get('source') ?? []
  const later = oneField(fields, 'later') === 'yes'
  const offered = (await deps.dataSources.listOf(userId)).map((source) => source.id)
  const selection = selectionOf(offered, ticked.map(Number), later)
  if (selection.kind === 'only' && selection.ids.length === 0)
    return showConsent(deps, reply, flow, signedIn, { ticked, later, problem: nothingTicked })
  const asked = { userId, client: flow.client, request: flow.request }
  const by = answeringOf(deps, request, flow, signedIn)
  const code = await deps.decisions.allow(asked, { scope: flow.request.scope, selection }, by)
  audit(request, 'access.allowed', flow, signedIn)
  return sendBack(reply, successLocation(flow.request, code, deps.issuer))
}

/** The change of password on the way to a decision; where none is needed, the way goes on. */
const changePassword = async (
  deps: AuthorizeDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const flow = await requireFlow(deps, request)
  const signedIn = await deps.browser.readSession(request)
  if (signedIn === undefined) return reply.redirect(signInPath(flow.handle), 303)
  if (!signedIn.caller.mustChangePassword) return reply.redirect(consentPath(flow.handle), 303)
  return request.method === 'POST'
    ? takePassword(deps, request, reply, { signedIn, target: passwordTarget(flow) })
    : showPassword(deps, reply, { signedIn, target: passwordTarget(flow) })
}

/** The authorization endpoint and its pages (RFC 6749 section 3.1, DESIGN invariant 9). */
export const mountAuthorizeRoutes = (app: FastifyInstance, deps: AuthorizeDeps): void => {
  // Without HEAD: it would do what GET does, and throw the answer away.
  const options = { errorHandler: answerPageError, exposeHeadRoute: false }
  for (const base of oauthBases)
    app.route({
      ...options,
      method: ['GET', 'POST'],
      url: `${base}/authorize`,
      handler: (request, reply) => begin(deps, request, reply),
    })
  app.get('/oauth2/sign-in/:handle', options, async (request, reply) =>
    showSignIn(deps, request, reply, signInTarget(await requireFlow(deps, request))),
  )
  app.post('/oauth2/sign-in/:handle', options, async (request, reply) =>
    takeSignIn(deps, request, reply, signInTarget(await requireFlow(deps, request))),
  )
  app.route({
    ...options,
    method: ['GET', 'POST'],
    url: '/oauth2/password/:handle',
    handler: (request, reply) => changePassword(deps, request, reply),
  })
  app.get('/oauth2/consent/:handle', options, (request, reply) => consent(deps, request, reply))
  app.post('/oauth2/consent/:handle', options, (request, reply) => decide(deps, request, reply))
  app.post('/oauth2/switch-account/:handle', options, async (request, reply) => {
    const flow = await requireFlow(deps, request)
    const signedIn = await deps.browser.readSession(request)
    if (signedIn !== undefined) {
      deps.browser.readForm(request, signedIn.sessionId, consentPurpose(flow.handle))
      await deps.browser.signOut(request, reply)
    }
    return reply.redirect(signInPath(flow.handle), 303)
  })
}
