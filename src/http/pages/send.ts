import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ManagementError } from '#features/refusals.ts'
import { Unavailable } from '#lib/refusal.ts'
import { LocalAuthorizeError, OAuthError } from '#oauth/errors.ts'
import { logRefusal, sendUnavailable, toManagementError } from '../answer.ts'
import { pageAssets } from './assets.ts'
import { FormError } from './browser-session.ts'
import { pagePolicy, redirectTargetSource } from './content-security-policy.ts'
import { type ErrorPage, renderError } from './error.ts'

/**
 * Where a form of a flow may lead. A callback on the web often redirects onward to another origin of the
 * client, and Chromium holds the whole chain against form-action, hence `https:` for those.
 */
export const flowTargets = (redirectUri: string): readonly string[] => {
  const target = redirectTargetSource(redirectUri)
  return redirectUri.startsWith('https:') ? [target, 'https:'] : [target]
}

/** Sends a page with the headers that every page has (T09–T12). */
export const sendPage = (
  reply: FastifyReply,
  page: string,
  options: { status?: number; formAction?: readonly string[] } = {},
): FastifyReply =>
  reply
    .code(options.status ?? 200)
    .headers({
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': pagePolicy(
        options.formAction === undefined ? {} : { formAction: options.formAction },
      ),
      'Cache-Control': 'no-store',
    })
    .send(page)

const describe = (error: unknown): Omit<ErrorPage, 'requestId'> => {
  // A request that cannot even be read names no client that it could be sent back to.
  if (error instanceof LocalAuthorizeError || error instanceof OAuthError)
    return {
      status: 400,
      title: 'This link does not work',
      message: error.message,
      whatToDo:
        'Go back to the application and start again. If it happens again, tell the people who run the application.',
    }
  if (error instanceof FormError)
    return {
      status: 400,
      title: 'This form cannot be used',
      message: error.message,
      whatToDo: 'Go back, reload the page and try again. Cookies must be allowed for this site.',
    }
  if (error instanceof Unavailable)
    return {
      status: 503,
      title: 'One moment, please',
      message: error.message,
      whatToDo: 'Wait a few seconds and reload this page.',
    }
  const refusal: ManagementError = toManagementError(error)
  const { status } = refusal.row
  const title =
    status >= 500
      ? 'Something went wrong'
      : status === 404
        ? 'There is nothing here'
        : 'This cannot be done'
  const whatToDo =
    status >= 500
      ? 'Try again later. If it happens again, tell your administrator the number below.'
      : 'Check the address, or go back.'
  return { status, title, message: refusal.message, whatToDo }
}

/** The one place where a page route turns what was thrown into a page. Nothing is redirected (T08). */
export const answerPageError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => {
  const page = describe(error)
  logRefusal(request, page.status, error)
  if (error instanceof Unavailable) sendUnavailable(reply, error)
  return sendPage(reply, renderError({ ...page, requestId: request.id }), { status: page.status })
}

/** Style and mark, cached for ever under the hash of their content. */
export const mountAssets = (app: FastifyInstance): void => {
  for (const asset of pageAssets)
    app.get(asset.path, async (_request, reply) =>
      reply
        .headers({
          'Content-Type': asset.contentType,
          'Cache-Control': 'public, max-age=31536000, immutable',
        })
        .send(asset.body),
    )
}
