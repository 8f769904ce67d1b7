import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PasswordCheck } from '#features/authentication/password-check.ts'
import { Unavailable } from '#lib/refusal.ts'
import { type BrowserSession, oneField } from './browser-session.ts'
import { renderHome } from './home.ts'
import { pagePaths } from './paths.ts'
import { answerPageError, sendPage } from './send.ts'
import { renderSignIn } from './sign-in.ts'
import { renderSignedOut } from './signed-out.ts'

export type SignInDeps = { readonly browser: BrowserSession; readonly passwordCheck: PasswordCheck }

/** Where a sign-in leads: a path of ours, and the application that waits, if one does. */
export type SignInTarget = {
  readonly action: string
  readonly next: string
  readonly flow?: { readonly applicationName: string; readonly redirectHost: string }
  /** What else one signs in for, in a sentence or two. */
  readonly lead?: string
  readonly formAction?: readonly string[]
}

const purpose = 'sign-in'

const wrong =
  'That user name and password do not match, or the account is locked for a while. Try again.'

/** Shows the sign-in form. */
export const showSignIn = (
  deps: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  target: SignInTarget,
  after?: { readonly username: string; readonly problem: string; readonly status: number },
): FastifyReply => {
  const csrf = deps.browser.csrfFor(deps.browser.ensureBrowser(request, reply), purpose)
  const page = renderSignIn({
    action: target.action,
    csrf,
    ...(target.flow === undefined ? {} : { flow: target.flow }),
    ...(target.lead === undefined ? {} : { lead: target.lead }),
    ...(after === undefined ? {} : { username: after.username, problem: after.problem }),
  })
  return sendPage(reply, page, {
    status: after?.status ?? 200,
    ...(target.formAction === undefined ? {} : { formAction: target.formAction }),
  })
}

/** Takes the sign-in form: a session and a 303 onward (never 307, which would send the password on; T09). */
export const takeSignIn = async (
  deps: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  target: SignInTarget,
): Promise<FastifyReply> => {
  const fields = deps.browser.readForm(request, deps.browser.readBrowser(request), purpose)
  const username = oneField(fields, 'username') ?? ''
  try {
    const user = await deps.passwordCheck.check(username, oneField(fields, 'password') ?? '')
    if (user === undefined || !(await deps.browser.signIn(request, reply, user)))
      return showSignIn(deps, request, reply, target, { username, problem: wrong, status: 401 })
    request.log.info({ audit: 'user.signed-in', userId: user.id }, 'audit')
    return reply.redirect(target.next, 303)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    void reply.header('Retry-After', String(error.retryAfterSeconds))
    return showSignIn(deps, request, reply, target, {
      username,
      problem: 'Many people are signing in right now. Wait a moment and try again.',
      status: 503,
    })
  }
}

/** Where a sign-in outside a flow may lead: pages of ours by name, never an address of the request (T08). */
const targetOf = (request: FastifyRequest): SignInTarget =>
  (request.query as { to?: unknown }).to === 'password'
    ? { action: `${pagePaths.signIn}?to=password`, next: pagePaths.password }
    : { action: pagePaths.signIn, next: pagePaths.applications }

/** Landing, sign-in and sign-out outside an authorization. */
export const mountSignInRoutes = (app: FastifyInstance, deps: SignInDeps): void => {
  const options = { errorHandler: answerPageError }
  app.get(pagePaths.home, options, async (request, reply) => {
    const signedIn = await deps.browser.readSession(request)
    return sendPage(
      reply,
      renderHome(signedIn === undefined ? {} : { user: { name: signedIn.caller.userName } }),
    )
  })
  app.get(pagePaths.signIn, options, async (request, reply) => {
    if ((await deps.browser.readSession(request)) !== undefined)
      return reply.redirect(targetOf(request).next, 303)
    return showSignIn(deps, request, reply, targetOf(request))
  })
  app.post(pagePaths.signIn, options, (request, reply) =>
    takeSignIn(deps, request, reply, targetOf(request)),
  )
  app.post(pagePaths.signOut, options, async (request, reply) => {
    const signedIn = await deps.browser.readSession(request)
    if (signedIn !== undefined) {
      deps.browser.readForm(request, signedIn.sessionId, 'account')
      await deps.browser.signOut(request, reply)
    }
    return reply.redirect('/signed-out', 303)
  })
  app.get('/signed-out', options, async (_request, reply) => sendPage(reply, renderSignedOut()))
}
