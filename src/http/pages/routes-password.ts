import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PasswordChange } from '#features/authentication/change-password.ts'
import { ManagementError } from '#features/refusals.ts'
import { type BrowserSession, oneField, type SignedIn } from './browser-session.ts'
import { type ChangePasswordPage, renderChangePassword } from './change-password.ts'
import { pagePaths } from './paths.ts'
import { answerPageError, sendPage } from './send.ts'

export type PasswordPageDeps = {
  readonly browser: BrowserSession
  readonly passwordChange: PasswordChange
}

/** Where the form of somebody who must change the password leads: a path of ours, and the application that waits, if one does. */
export type PasswordTarget = {
  readonly action: string
  readonly next: string
  readonly applicationName?: string
  readonly formAction?: readonly string[]
}

/** Who changes the password, and on the way to what. */
type Changing = { readonly signedIn: SignedIn; readonly target: PasswordTarget }

type PasswordState = Pick<ChangePasswordPage, 'problem' | 'done' | 'disconnected'>

const purpose = 'account'

/** Outside a flow: what was wanted lies behind the list of applications. */
const plainTarget: PasswordTarget = {
  action: pagePaths.password,
  next: `${pagePaths.applications}?done=password-changed`,
}

const forcedBy = (target: PasswordTarget): NonNullable<ChangePasswordPage['forced']> =>
  target.applicationName === undefined ? {} : { applicationName: target.applicationName }

/** Shows the form, or that the password is changed. */
export const showPassword = async (
  deps: PasswordPageDeps,
  reply: FastifyReply,
  { signedIn: { caller, sessionId }, target }: Changing,
  state: PasswordState = {},
): Promise<FastifyReply> => {
  const { titles, asks } = await deps.passwordChange.rules()
  const page = renderChangePassword({
    user: { name: caller.userName },
    csrf: deps.browser.csrfFor(sessionId, purpose),
    action: target.action,
    disconnectAllAction: pagePaths.disconnectAll,
    rules: titles,
    withoutCurrent: !asks,
    ...(caller.mustChangePassword ? { forced: forcedBy(target) } : {}),
    ...state,
  })
  return sendPage(reply, page, {
    status: state.problem === undefined ? 200 : 400,
    ...(target.formAction === undefined ? {} : { formAction: target.formAction }),
  })
}

/** Takes the form. Who had to change the password goes on by 303 (T09); others see that it is done. */
export const takePassword = async (
  deps: PasswordPageDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  changing: Changing,
): Promise<FastifyReply> => {
  const { caller, sessionId } = changing.signedIn
  const fields = deps.browser.readForm(request, sessionId, purpose)
  const next = oneField(fields, 'newPassword') ?? ''
  if (next !== oneField(fields, 'repeatPassword'))
    return showPassword(deps, reply, changing, {
      problem: 'The new password and its repetition differ.',
    })
  const disconnects = oneField(fields, 'disconnect') === 'yes'
  try {
    const current = oneField(fields, 'currentPassword')
    await deps.passwordChange.changeOwn(caller, { current, next, sessionId, disconnects })
  } catch (error) {
    if (error instanceof ManagementError)
      return showPassword(deps, reply, changing, { problem: error.message })
    throw error
  }
  request.log.info({ audit: 'user.password-changed', userId: caller.userId }, 'audit')
  return caller.mustChangePassword
    ? reply.redirect(changing.target.next, 303)
    : showPassword(deps, reply, changing, { done: true, disconnected: disconnects })
}

/** The change of the own password: the one page that a session opens whose password must be changed first. */
export const mountPasswordRoutes = (app: FastifyInstance, deps: PasswordPageDeps): void => {
  const options = { errorHandler: answerPageError }
  app.route({
    ...options,
    method: ['GET', 'POST'],
    url: pagePaths.password,
    handler: async (request, reply) => {
      const signedIn = await deps.browser.readSession(request)
      if (signedIn === undefined) return reply.redirect(`${pagePaths.signIn}?to=password`, 303)
      const changing = { signedIn, target: plainTarget }
      return request.method === 'POST'
        ? takePassword(deps, request, reply, changing)
        : showPassword(deps, reply, changing)
    },
  })
}
