import { type Answer, json, page } from './server.ts'

// What Salesforce answers, word for word where it is documented (data access reference D.2, D.3).

/** A refusal of the token endpoint. */
export const refuse = (error: string, text: string): Answer =>
  json(400, { error, error_description: text })

export const errorPage = (error: string, text: string): Answer =>
  page(400, `<p>error=${error}&amp;error_description=${text}</p>`)

/** What the data API says to a token that is none, or no more. */
export const sessionExpired = json(401, [
  { message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' },
])

/** The identity service answers otherwise than the data API: 403, and one word. */
export const badToken = (word: string): Answer => ({
  status: 403,
  headers: { 'content-type': 'text/html;charset=UTF-8' },
  body: word,
})

/** What is wrong with an authorization request: it stays on a page of Salesforce's own. */
export const authorizationFault = (
  request: Readonly<Record<string, string>> | undefined,
  clientId: string,
  redirectUris: ReadonlySet<string>,
): Answer | undefined => {
  if (request === undefined) return errorPage('invalid_request', 'duplicate parameter')
  if (request['client_id'] !== clientId)
    return errorPage('invalid_client_id', 'client identifier invalid')
  if (!redirectUris.has(request['redirect_uri'] ?? ''))
    return errorPage('redirect_uri_mismatch', 'redirect_uri must match configuration')
  if (request['response_type'] !== 'code')
    return errorPage('unsupported_response_type', 'response type not supported')
  return /^[\w-]{43}$/.test(request['code_challenge'] ?? '') &&
    request['code_challenge_method'] === 'S256'
    ? undefined
    : errorPage('invalid_request', 'missing required code challenge')
}

/** `GET /services/data`, which needs no token. */
export const versions: Answer = json(200, [
  { label: 'Spring ’25', url: '/services/data/v63.0', version: '63.0' },
])

export const limits: Answer = json(200, { DailyApiRequests: { Max: 15_000, Remaining: 14_998 } })
