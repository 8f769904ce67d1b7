import type { AddressPolicy } from '#egress/address-policy.ts'
import { tokenUrl } from '#egress/oauth/token-uri.ts'
import { outboundUrlFault } from '#egress/url.ts'
import type { Secret } from '#lib/secret.ts'

/** The data stores whose users may be authorized through an OAuth application (OAuth reference C). */
export const oauthDataStores = [
  { id: 1, name: 'Salesforce' },
  { id: 54, name: 'Google Analytics' },
  { id: 62, name: 'Google BigQuery' },
  { id: 63, name: 'Autonomous REST Connector' },
] as const

export const takesOAuth = (dataStore: number): boolean =>
  oauthDataStores.some(({ id }) => id === dataStore)

/** How this server is registered at a data store (OAuth reference C.2). */
export type OAuthApplication = {
  readonly id: number
  readonly tenantId: number
  readonly dataStore: number
  readonly name: string
  readonly description: string
  readonly clientId: string
  readonly authorizeUri: string
  readonly tokenUri: string
  readonly scope: string
  /** One of the system tenant may be used in every tenant; false for all others. */
  readonly availableToTenants: boolean
  /** Grows with each change; the secret is sealed for one. */
  readonly revision: number
}

/** What can be changed, as it is to be. */
export type OAuthApplicationFields = Pick<
  OAuthApplication,
  'name' | 'description' | 'clientId' | 'authorizeUri' | 'tokenUri' | 'scope'
>

/** What a caller sends: fields that are left out have their default already, but for those that keep what there is. */
export type SentOAuthApplication = OAuthApplicationFields & {
  readonly dataStore: number
  readonly tenantId: number | undefined
  readonly clientSecret: Secret | undefined
  readonly availableToTenants: boolean | undefined
}

/** Names are compared without case, within a tenant and data store (OAuth reference C.2). */
export const oauthApplicationNameKey = (name: string): string => name.trim().toLowerCase()

const longest = { description: 1000, clientId: 1000, clientSecret: 4000, scope: 4000 } as const

/** RFC 6749 appendix A: client ids, secrets and scopes are printable ASCII. */
const visible = /^[\x20-\x7e]*$/

const credentialFault = (
  name: 'clientId' | 'clientSecret' | 'scope',
  text: string,
): string | undefined => {
  if (text.length > longest[name]) return `${name} must have at most ${longest[name]} characters.`
  return visible.test(text)
    ? undefined
    : `${name} must have printable characters of ASCII alone (RFC 6749 appendix A).`
}

const nameFault = (name: string): string | undefined =>
  /^[A-Za-z0-9_ -]{1,128}$/.test(name) && name.trim() !== ''
    ? undefined
    : 'name must have 1 to 128 letters, digits, underscores, blanks and dashes, and not blanks alone.'

const descriptionFault = (text: string): string | undefined => {
  if (text.length > longest.description)
    return `description must have at most ${longest.description} characters.`
  return /\p{Cc}|\p{Bidi_Control}/u.test(text) || !text.isWellFormed()
    ? 'description must not contain control characters.'
    : undefined
}

const emptyFault = (name: string, text: string | undefined): string | undefined =>
  text !== undefined && text.trim() === '' ? `${name} must not be empty.` : undefined

const uriFault = (
  { authorizeUri, tokenUri }: OAuthApplicationFields,
  policy: AddressPolicy,
): string | undefined => {
  for (const [name, text] of [
    ['authorizeURI', authorizeUri],
    ['tokenURI', tokenUrl(tokenUri)],
  ] as const) {
    const fault = outboundUrlFault(text, policy)
    if (fault !== undefined) return `${name} ${fault}.`
  }
  return undefined
}

/** What is wrong with what was sent, or undefined: a sentence that names the field, and never quotes what it holds. */
export const oauthApplicationFault = (
  sent: SentOAuthApplication,
  policy: AddressPolicy,
): string | undefined => {
  const secret = sent.clientSecret?.reveal()
  return (
    nameFault(sent.name) ??
    descriptionFault(sent.description) ??
    emptyFault('clientId', sent.clientId) ??
    credentialFault('clientId', sent.clientId) ??
    emptyFault('clientSecret', secret) ??
    credentialFault('clientSecret', secret ?? '') ??
    credentialFault('scope', sent.scope) ??
    uriFault(sent, policy)
  )
}

/** Whether both URIs lead to the same server: a secret that nobody can read must not follow a change of address. */
export const isSameServer = (one: string, other: string): boolean =>
  new URL(tokenUrl(one)).origin === new URL(tokenUrl(other)).origin
