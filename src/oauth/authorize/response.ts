import type { OAuthError } from '../errors.ts'

const append = (
  redirectUri: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) query.set(name, value)
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query.toString()}`
}

/** Where the browser goes with the code (RFC 6749 section 4.1.2, with the issuer of RFC 9207 section 2). */
export const successLocation = (
  to: { redirectUri: string; state: string | undefined },
  code: string,
  issuer: string,
): string => append(to.redirectUri, { code, state: to.state, iss: issuer })

/** Where the browser goes with a refusal (RFC 6749 section 4.1.2.1, RFC 9207 section 2). */
export const errorLocation = (
  to: { redirectUri: string; state: string | undefined },
  error: OAuthError,
  issuer: string,
): string =>
  append(to.redirectUri, {
    error: error.code,
    error_description: error.message,
    state: to.state,
    iss: issuer,
  })
