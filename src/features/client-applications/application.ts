import type { ClientType, GrantType } from '#oauth/model.ts'
import { redirectUriFault } from '#oauth/redirect-uri.ts'

/** A registered client application, as its owner sees it. Times in milliseconds since 1970. */
export type Application = {
  readonly id: number
  readonly ownerId: number
  readonly tenantId: number
  readonly clientId: string
  readonly clientType: ClientType
  readonly name: string
  readonly description: string
  readonly redirectUrls: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly rotatesRefreshTokens: boolean
  readonly enabled: boolean
  readonly revision: number
  readonly createdAt: number
  readonly lastUsedAt: number | undefined
}

/** What may be set at registration and by PUT. */
export type ApplicationFields = {
  readonly name: string
  readonly description: string
  readonly redirectUrls: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly rotatesRefreshTokens: boolean
  readonly enabled: boolean
}

export const maxRedirectUrls = 50

/**
 * The redirect URLs of a request: an array, or HDP's one string parted by commas. Each is trimmed; the
 * same one twice counts once.
 */
export const readRedirectUrls = (value: string | readonly string[]): readonly string[] => {
  const list = typeof value === 'string' ? value.split(',') : value
  return [...new Set(list.map((uri) => uri.trim()))]
}

/** What is wrong with the fields, or undefined: one sentence that names the field. */
export const applicationFault = (fields: ApplicationFields): string | undefined => {
  if (fields.name.trim() === '') return 'name must not be empty.'
  if (/\p{Cc}|\p{Bidi_Control}/u.test(fields.name))
    return 'name must not contain control characters.'
  if (/(?![\n\t])\p{Cc}|\p{Bidi_Control}/u.test(fields.description))
    return 'description must not contain control characters.'
  if (fields.redirectUrls.length === 0) return 'redirectUrls must have at least one element.'
  if (fields.redirectUrls.length > maxRedirectUrls)
    return `redirectUrls must not have more than ${maxRedirectUrls} elements.`
  for (const [index, uri] of fields.redirectUrls.entries()) {
    const fault = redirectUriFault(uri)
    if (fault !== undefined) return `redirectUrls[${index}] ${fault}.`
  }
  if (fields.grantTypes.length === 0) return 'grantTypes must have at least one element.'
  if (fields.grantTypes.includes('refresh_token') && fields.grantTypes.length === 1)
    return 'grantTypes must have authorization_code beside refresh_token.'
  return undefined
}
