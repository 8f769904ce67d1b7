import { ConnectorError, type ConnectorErrorKind } from '#connectors/errors.ts'
import { Unavailable } from '#lib/refusal.ts'
import { ODataError, type ODataErrorKind } from '#odata/errors.ts'
import type { ODataVersion } from '#odata/version.ts'
import { plainJsonType } from './format.ts'

/** An answer before it meets HTTP. A streamed body that throws must break the connection. */
export type ODataAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | AsyncIterable<string>
  /** What the answer says, for its ETag, where the body alone would not tell the same thing by the same bytes. */
  readonly identity?: string | undefined
}

/** Whether a body comes piece by piece, rather than as a whole that is there already. */
export const isStream = (body: ODataAnswer['body']): body is AsyncIterable<string> =>
  typeof body !== 'string' && !(body instanceof Uint8Array)

export const answerWith = (
  status: number,
  contentType: string,
  body: ODataAnswer['body'],
  more: Readonly<Record<string, string>> = {},
): ODataAnswer => ({
  status,
  headers: { 'Content-Type': contentType, ...more },
  body,
})

const odataStatus: Record<ODataErrorKind, number> = {
  'bad-request': 400,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  gone: 410,
  'too-long': 414,
  'too-large': 413,
  'unsupported-media': 415,
  'failed-dependency': 424,
  unrepresentable: 500,
  'not-implemented': 501,
}

const connectorStatus: Record<ConnectorErrorKind, readonly [number, string]> = {
  unavailable: [503, 'BackendUnavailable'],
  rejected: [502, 'BackendRejected'],
  'timed-out': [504, 'BackendTimeout'],
  busy: [503, 'BackendBusy'],
  unsupported: [501, 'NotImplemented'],
}

type Described = {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly target?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

const headersOf = ({ kind, target }: ODataError): Readonly<Record<string, string>> => {
  if (kind === 'method-not-allowed')
    return { Allow: target === '$batch' || target === '$query' ? 'POST' : 'GET' }
  // The rest of the body is not read any more.
  return kind === 'too-large' ? { Connection: 'close' } : {}
}

const describe = (error: unknown): Described => {
  if (error instanceof ODataError) {
    const { kind, code, message, target } = error
    return { status: odataStatus[kind], code, message, target, headers: headersOf(error) }
  }
  if (error instanceof ConnectorError) {
    const [status, code] = connectorStatus[error.kind]
    const headers = status === 503 ? { 'Retry-After': '1' } : {}
    return { status, code, message: error.message, headers }
  }
  if (error instanceof Unavailable) {
    const headers = { 'Retry-After': String(error.retryAfterSeconds) }
    return { status: 503, code: 'Unavailable', message: error.message, headers }
  }
  return { status: 500, code: 'InternalError', message: 'The server failed; it is not your fault.' }
}

/** An error as OData JSON (JSON Format 21.1). Of anything but a refusal no detail gets out. */
export const renderODataError = (error: unknown, version: ODataVersion = '4.0'): ODataAnswer => {
  const { status, code, message, target, headers } = describe(error)
  const body = JSON.stringify({ error: { code, message, target: target ?? null, details: [] } })
  return answerWith(status, plainJsonType(version), body, { ...headers, 'OData-Version': version })
}
