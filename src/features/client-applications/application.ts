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
  /** What the application reads when it acts by itself: ids of data sources of its owner. */
  readonly dataSources: readonly number[]
  readonly rotatesRefreshTokens: boolean
  readonly enabled: boolean
  readonly availableToTenants: boolean
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
  /** What the application reads when it acts by itself: ids of data sources of its owner. */
  readonly dataSources: readonly number[]
  readonly rotatesRefreshTokens: boolean
  readonly enabled: boolean
  /** Users of every tenant may authorize it: an administrator alone says so, of one of the system tenant (DESIGN invariant 13). */
  readonly availableToTenants: boolean
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

/** The grant types of an application in force: those that it is registered for, and what HDP's habit adds. */
export const createGrantRule =
  (habit: { readonly passwordForAll: boolean }) =>
  (application: {
    readonly clientType: ClientType
    readonly grantTypes: readonly GrantType[]
  }): readonly GrantType[] => {
    const { clientType, grantTypes } = application
    const added = habit.passwordForAll && clientType === 'confidential'
    return added && !grantTypes.includes('password') ? [...grantTypes, 'password'] : grantTypes
  }

export type GrantRule = ReturnType<typeof createGrantRule>

export const maxDataSources = 1000

const textFault = (fields: ApplicationFields): string | undefined => {
  if (fields.name.trim() === '') return 'name must not be empty.'
  if (/\p{Cc}|\p{Bidi_Control}/u.test(fields.name))
    return 'name must not contain control characters.'
  if (/(?![\n\t])\p{Cc}|\p{Bidi_Control}/u.test(fields.description))
    return 'description must not contain control characters.'
  return undefined
}

const redirectFault = ({ redirectUrls, grantTypes }: ApplicationFields): string | undefined => {
  if (redirectUrls.length === 0 && grantTypes.includes('authorization_code'))
    return 'redirectUrls must have at least one element.'
  if (redirectUrls.length > maxRedirectUrls)
    return `redirectUrls must not have more than ${maxRedirectUrls} elements.`
  for (const [index, uri] of redirectUrls.entries()) {
    const fault = redirectUriFault(uri)
    if (fault !== undefined) return `redirectUrls[${index}] ${fault}.`
  }
  return undefined
}

/** DESIGN invariant 12. */
const grantFault = (fields: ApplicationFields, clientType: ClientType): string | undefined => {
  const { grantTypes, dataSources } = fields
  const has = (type: GrantType): boolean => grantTypes.includes(type)
  if (grantTypes.length === 0) return 'grantTypes must have at least one element.'
  if (has('refresh_token') && !has('authorization_code') && !has('password'))
    return 'grantTypes must have authorization_code or password beside refresh_token.'
  if (clientType === 'public' && (has('client_credentials') || has('password')))
    return 'grantTypes of a public application can be authorization_code and refresh_token alone.'
  if (has('client_credentials') && dataSources.length === 0)
    return 'dataSources must list what the application reads by itself (client_credentials).'
  if (!has('client_credentials') && dataSources.length > 0)
    return 'dataSources belongs to the grant type client_credentials, which grantTypes lacks.'
  return undefined
}

/** What is wrong with the fields, or undefined: one sentence that names the field. */
export const applicationFault = (
  fields: ApplicationFields,
  clientType: ClientType,
): string | undefined =>
  textFault(fields) ?? redirectFault(fields) ?? grantFault(fields, clientType)
