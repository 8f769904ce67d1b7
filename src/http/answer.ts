import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type Dependent, ManagementError, type RefusalRow, refusals } from '#features/refusals.ts'
import { Refusal, Unavailable } from '#lib/refusal.ts'

type EnvelopeOptions = {
  /** Some of HDP's APIs print the code as a string. */
  readonly asText?: boolean
  readonly dependents?: readonly Dependent[] | undefined
}

/** HDP's error envelope (OAuth reference E.2). */
export const envelope = (
  { code }: RefusalRow,
  message: string,
  { asText = false, dependents }: EnvelopeOptions = {},
) => ({
  error: {
    code: asText ? String(code) : code,
    message: { lang: 'en-US', value: message },
    ...(dependents === undefined ? {} : { dependents }),
  },
})

/** What the framework refuses on its own, in our words. */
const frameworkRows: Readonly<Record<string, RefusalRow>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: refusals.unsupportedMediaType,
  FST_ERR_CTP_INVALID_TYPE: refusals.unsupportedMediaType,
  FST_ERR_CTP_BODY_TOO_LARGE: refusals.bodyTooLarge,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: refusals.invalidInput,
  FST_ERR_CTP_EMPTY_JSON_BODY: refusals.invalidInput,
  FST_ERR_BAD_URL: refusals.notFound,
  FST_ERR_ASYNC_CONSTRAINT: refusals.notFound,
  FST_ERR_MAX_PARAM_LENGTH: refusals.notFound,
  // Thrown of the method QUERY alone, which is offered nowhere.
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: refusals.notFound,
}

/** A thrown thing as a refusal of this surface: expected ones as they are, our bugs as `failed`. */
export const toManagementError = (
  error: unknown,
  failed: RefusalRow = refusals.internal,
): ManagementError => {
  if (error instanceof ManagementError) return error
  const code = (error as FastifyError | null)?.code
  const row = typeof code === 'string' ? frameworkRows[code] : undefined
  if (row !== undefined) return new ManagementError(row, undefined, { cause: error })
  return new ManagementError(failed, undefined, { cause: error })
}

const causeOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error ? error.cause : error

/** Logs what was thrown at the level that it deserves: our bugs with everything, an expected "no" with its detail. */
export const logRefusal = (request: FastifyRequest, status: number, error: unknown): void => {
  // A database that is away is no bug of ours, and says the same of every request: a line, not a stack.
  const isRefusal =
    error instanceof Refusal && (error.cause === undefined || error instanceof Unavailable)
  const said = { detail: (error as { detail?: string }).detail, refusal: (error as Error).message }
  if (status >= 500 && !isRefusal)
    request.log.error({ err: causeOf(error), detail: said.detail }, 'request failed')
  else if (status >= 500 && status !== 501) request.log.warn(said, 'could not answer')
  else request.log.debug(said, 'refused')
}

export const sendUnavailable = (reply: FastifyReply, error: Unavailable): FastifyReply =>
  reply.code(503).header('Retry-After', String(error.retryAfterSeconds))

/** The one place where the management surface turns what was thrown into an answer. */
export const answerManagementError = (
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  of: { readonly failed?: RefusalRow; readonly codeAsText?: true } = {},
): FastifyReply => {
  const asText = of.codeAsText === true
  if (error instanceof Unavailable) {
    logRefusal(request, 503, error)
    return sendUnavailable(reply, error).send(
      envelope(refusals.unavailable, error.message, { asText }),
    )
  }
  const refusal = toManagementError(error, of.failed)
  const { status } = refusal.row
  logRefusal(request, status, refusal)
  if (status === 401)
    void reply.header('WWW-Authenticate', 'Basic realm="Headgate", charset="UTF-8"')
  const { dependents } = refusal
  return reply.code(status).send(envelope(refusal.row, refusal.message, { asText, dependents }))
}
