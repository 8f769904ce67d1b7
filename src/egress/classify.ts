import { UpstreamError, type UpstreamFault } from './upstream-error.ts'

/** The codes of Node's sockets and of undici that mean more than "the connection could not be made, or broke". */
const faults: readonly (readonly [RegExp, UpstreamFault])[] = [
  [/^(?:ETIMEDOUT|UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT)$/, 'timed-out'],
  [/^(?:UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_EXCEEDED_MAX_SIZE|HPE_HEADER_OVERFLOW)$/, 'too-large'],
  [/^(?:HTTPParserError$|HPE_|UND_ERR_RES_CONTENT_LENGTH_MISMATCH$)/, 'malformed'],
  [/CERT|X509|ASN1/, 'certificate'],
]

const sentences: Partial<Record<UpstreamFault, string>> = {
  'timed-out': 'did not answer in time.',
  'too-large': 'answered more than may be read.',
  malformed: 'did not answer as HTTP demands.',
  certificate: 'has no certificate that is valid for it now.',
  redirected: 'sent the request elsewhere, which is not followed.',
  'forbidden-address':
    'leads to an address that may not be called: it is private and HEADGATE_EGRESS_ALLOW does not list it, or it is that of the system store.',
}

/**
 * An error about a host. Its message names the host and nothing that was received.
 * @param detail for the operator's log: a code of the system, or words of ours
 */
export const upstreamError = (fault: UpstreamFault, host: string, detail?: string): UpstreamError =>
  new UpstreamError(
    fault,
    `${host} ${sentences[fault] ?? 'could not be reached, or broke the connection.'}`,
    detail === undefined ? {} : { detail },
  )

const codeOf = (error: unknown): string | undefined => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  if (typeof code === 'string') return /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined
  // What several addresses of one name have in common.
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined
}

/**
 * Whatever a socket or undici threw, as an error of its class. Neither its text nor its cause is kept: a parser's error quotes
 * what was received. Throws on what only a caller of ours can have done wrong.
 */
export const toUpstreamError = (error: unknown, host: string): UpstreamError => {
  if (error instanceof UpstreamError) return error
  const code = codeOf(error)
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') throw error
  // The parser's errors have no code, or one of many.
  const kind = code ?? (error instanceof Error ? error.name : '')
  const fault = faults.find(([pattern]) => pattern.test(kind))?.[1] ?? 'unreachable'
  return upstreamError(fault, host, code)
}
