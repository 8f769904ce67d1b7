import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { callbackPath } from '#features/oauth-applications/redirect-uri.ts'
import { outcomeText } from '#features/oauth-connections/outcome.ts'
import { ConnectionRefused } from '#features/oauth-connections/refused.ts'
import { parseForm, rawQuery } from '../body.ts'
import {
  answerConnectError,
  audit,
  type ConnectDeps,
  donePath,
  sendResult,
  sendTo,
} from './connect-answers.ts'
import { resultOf } from './connect-words.ts'

/** The application that a callback's address names; undefined where all share one. Throws for an address that is none of ours. */
const callbackOf = (deps: ConnectDeps, request: FastifyRequest) => {
  if (deps.redirectUris.shared) return undefined
  const { tenant = '', application = '' } = request.params as Record<string, string | undefined>
  const [tenantId, applicationId] = [tenant, application].map((text) =>
    /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined,
  )
  if (tenantId === undefined || applicationId === undefined)
    throw new ConnectionRefused('unknown-answer')
  return { tenantId, applicationId }
}

/** Takes the answer of a data store, and goes on to a page whose address holds nothing of it. */
const receive = async (
  deps: ConnectDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const visitor = await deps.browser.readSession(request)
  const { reference, applicationId, ended } = await deps.oauthConnections.receive({
    callback: callbackOf(deps, request),
    parameters: parseForm(rawQuery(request.raw.url ?? '')),
    visitor,
  })
  if (ended !== undefined && visitor !== undefined) {
    const { kind, outcome } = ended
    audit(request, kind, {
      userId: visitor.caller.userId,
      subject: applicationId,
      ...(outcome === undefined ? {} : { reason: outcomeText(outcome) }),
    })
  }
  return sendTo(reply, donePath(reference))
}

const showResult = async (
  deps: ConnectDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const signedIn = await deps.browser.readSession(request)
  if (signedIn === undefined) throw new ConnectionRefused('not-signed-in')
  const { reference } = request.params as { reference: string }
  const view = await deps.oauthConnections.read(reference, signedIn.caller)
  if (view === undefined) throw new ConnectionRefused('unknown-link')
  return sendResult(reply, resultOf(view))
}

/** The way back from a data store, and the page that says what became of it. */
export const mountConnectBackRoutes = (app: FastifyInstance, deps: ConnectDeps): void => {
  // Without HEAD: it would take the answer as GET does.
  const options = { errorHandler: answerConnectError, exposeHeadRoute: false }
  const callback = deps.redirectUris.shared ? callbackPath : `${callbackPath}/:tenant/:application`
  app.get(callback, options, (request, reply) => receive(deps, request, reply))
  app.get('/connect/done/:reference', options, (request, reply) => showResult(deps, request, reply))
}
