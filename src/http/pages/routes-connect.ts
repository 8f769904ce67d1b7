import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { checkPermissions } from '#features/access/caller.ts'
import { oauthDataStores } from '#features/oauth-applications/application.ts'
import { connecting, type ConnectionView } from '#features/oauth-connections/connection.ts'
import { ConnectionRefused } from '#features/oauth-connections/refused.ts'
import { FormError, oneField, type SignedIn } from './browser-session.ts'
import { renderConnect } from './connect.ts'
import {
  answerConnectError,
  audit,
  type ConnectDeps,
  donePath,
  sendResult,
  sendTo,
  signInPath,
} from './connect-answers.ts'
import { resultOf } from './connect-words.ts'
import { redirectTargetSource } from './content-security-policy.ts'
import { showPassword, takePassword } from './routes-password.ts'
import { type SignInTarget, showSignIn, takeSignIn } from './routes-sign-in.ts'
import { flowTargets, sendPage } from './send.ts'

const linkPath = (link: string): string => `/connect/${link}`
const passwordPath = (link: string): string => `/connect/${link}/password`
const linkOf = (request: FastifyRequest): string => (request.params as { link: string }).link

/** The button counts for this session, this link, and the application as it was shown (T76, T81). */
const purposeOf = (link: string, revision: number): string => `connect/${link}/${revision}`

const storeNameOf = (dataStore: number): string =>
  oauthDataStores.find(({ id }) => id === dataStore)?.name ?? 'the data store'

/** The connection of a link, for the user who asked for it alone (T81). */
const requireOwn = async (
  deps: ConnectDeps,
  link: string,
  { caller }: SignedIn,
): Promise<ConnectionView> => {
  const view = await deps.oauthConnections.open(link)
  if (view.userId !== caller.userId) throw new ConnectionRefused('other-user')
  return view
}

/** Who is signed in; undefined when the answer was sent that comes before: the sign-in page or the change of password. */
const requireSignedIn = async (
  deps: ConnectDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<SignedIn | undefined> => {
  const link = linkOf(request)
  const signedIn = await deps.browser.readSession(request)
  if (signedIn === undefined) {
    await deps.oauthConnections.open(link)
    void sendTo(reply, signInPath(link))
    return undefined
  }
  if (!signedIn.caller.mustChangePassword) return signedIn
  void sendTo(reply, passwordPath(link))
  return undefined
}

/** Looking changes nothing: mail scanners and previews open links, too. */
const show = async (
  deps: ConnectDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const signedIn = await requireSignedIn(deps, request, reply)
  if (signedIn === undefined) return reply
  const link = linkOf(request)
  const view = await requireOwn(deps, link, signedIn)
  if (view.state !== 'open') return sendResult(reply, resultOf(view))
  const { caller, sessionId } = signedIn
  checkPermissions(caller, connecting)
  const { application } = view
  if (application === undefined) throw new ConnectionRefused('application-gone')
  const page = renderConnect({
    action: linkPath(link),
    csrf: deps.browser.csrfFor(sessionId, purposeOf(link, application.revision)),
    user: { name: caller.userName },
    storeName: storeNameOf(application.dataStore),
    host: new URL(application.authorizeUri).host,
    applicationName: application.name,
    profile: { name: view.name, description: view.description },
    again: view.again,
  })
  // Chromium holds the whole chain of redirects against form-action, and the chain may end at our own callback.
  const formAction = [
    ...flowTargets(application.authorizeUri),
    redirectTargetSource(`${deps.issuer}/`),
  ]
  return sendPage(reply, page, { formAction })
}

const decide = async (
  deps: ConnectDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const signedIn = await requireSignedIn(deps, request, reply)
  if (signedIn === undefined) return reply
  const link = linkOf(request)
  const { application, state } = await requireOwn(deps, link, signedIn)
  if (application === undefined) throw new ConnectionRefused('application-gone')
  const { revision, id: subject } = application
  const { caller, sessionId } = signedIn
  const fields = deps.browser.readForm(request, sessionId, purposeOf(link, revision))
  const decision = oneField(fields, 'decision')
  const { userId } = caller
  if (decision === 'cancel') {
    const reference = await deps.oauthConnections.cancel(link, signedIn)
    audit(request, 'failed', { userId, subject, reason: 'cancelled' })
    return sendTo(reply, donePath(reference))
  }
  if (decision !== 'continue') throw new FormError('The form says neither Continue nor Cancel.')
  if (state === 'expired') throw new ConnectionRefused('link-expired')
  const { location } = await deps.oauthConnections.begin(link, signedIn, { revision })
  audit(request, 'begun', { userId, subject })
  return sendTo(reply, location)
}

const signInTarget = (link: string): SignInTarget => ({
  action: signInPath(link),
  next: linkPath(link),
  lead: 'This link connects an account at a data store. Sign in with the account that asked for it; you decide on the next page.',
})

const changePassword = async (
  deps: ConnectDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const link = linkOf(request)
  await deps.oauthConnections.open(link)
  const signedIn = await deps.browser.readSession(request)
  if (signedIn === undefined) return sendTo(reply, signInPath(link))
  if (!signedIn.caller.mustChangePassword) return sendTo(reply, linkPath(link))
  const changing = { signedIn, target: { action: passwordPath(link), next: linkPath(link) } }
  return request.method === 'POST'
    ? takePassword(deps, request, reply, changing)
    : showPassword(deps, reply, changing)
}

/** The link with which an account is connected, and the way to the data store. */
export const mountConnectRoutes = (app: FastifyInstance, deps: ConnectDeps): void => {
  // Without HEAD: it would do what GET does, and throw the answer away.
  const options = { errorHandler: answerConnectError, exposeHeadRoute: false }
  app.get('/connect/:link', options, (request, reply) => show(deps, request, reply))
  app.post('/connect/:link', options, (request, reply) => decide(deps, request, reply))
  app.get('/connect/:link/sign-in', options, async (request, reply) => {
    await deps.oauthConnections.open(linkOf(request))
    return showSignIn(deps, request, reply, signInTarget(linkOf(request)))
  })
  app.post('/connect/:link/sign-in', options, async (request, reply) => {
    await deps.oauthConnections.open(linkOf(request))
    return takeSignIn(deps, request, reply, signInTarget(linkOf(request)))
  })
  app.route({
    ...options,
    method: ['GET', 'POST'],
    url: '/connect/:link/password',
    handler: (request, reply) => changePassword(deps, request, reply),
  })
}
