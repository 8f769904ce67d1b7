import { OAuthError } from './errors.ts'

/** The one scope there is (reference B.1). */
export const odataScope = 'api.access.odata'

/** What the consent page says of it, in HDP's words. */
export const scopeInWords = 'Allow data access via OData'

/**
 * Reads a scope parameter: a list, parted by blanks, in which an older walk-through's `odata` and the
 * trailing blank of an early connector are tolerated. Absent means the one scope there is.
 * Throws `invalid_scope` for any other (RFC 6749 section 3.3).
 */
export const parseScope = (text: string | undefined): string => {
  for (const name of (text ?? '').split(' ')) {
    if (name !== '' && name !== odataScope && name !== 'odata')
      throw new OAuthError('invalid_scope', `The only scope is ${odataScope}.`)
  }
  return odataScope
}
