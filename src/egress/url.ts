import { isIP } from 'node:net'
import type { AddressPolicy } from './address-policy.ts'
import { isBlockedPort } from './ports.ts'

export const longestUrl = 2000

/** The characters of RFC 3986, and an authority that is not empty; the parser would mend the rest silently. */
const shape = /^https?:\/\/[^/?#][A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/i
const authority = /^https?:\/\/([^/?#]*)/i

/** The address that stands in a URL in place of a name, in whatever spelling; undefined for a name. */
export const addressIn = (url: URL): string | undefined => {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(host) === 0 ? undefined : host
}

/** `localhost` and what is below it mean this machine, whatever a resolver says (RFC 6761 section 6.3). */
const isLocalhost = (url: URL): boolean => /(?:^|\.)localhost\.?$/.test(url.hostname)

const hostFault = (url: URL, policy: AddressPolicy): string | undefined => {
  const address = addressIn(url)
  const listed =
    address === undefined
      ? isLocalhost(url) && ['127.0.0.1', '::1'].some(policy.lists)
      : policy.lists(address)
  if (url.protocol === 'http:')
    return listed
      ? undefined
      : 'must be https; http is for addresses of HEADGATE_EGRESS_ALLOW alone'
  const allowed = address === undefined ? listed || !isLocalhost(url) : policy.allows(address)
  return allowed ? undefined : 'leads to an address that HEADGATE_EGRESS_ALLOW does not list'
}

/**
 * What is wrong with a URL that the server or its users are to call: words that follow the name of a field, or undefined.
 * It must be absolute and https, or http at an address that the operator has listed; without user and fragment, and at
 * no port of another protocol. Of a name only the connected socket shows where it leads; that is checked again there.
 */
export const outboundUrlFault = (text: string, policy: AddressPolicy): string | undefined => {
  if (text.length > longestUrl) return `must have at most ${longestUrl} characters`
  if (!shape.test(text) || !URL.canParse(text)) return 'must be an absolute https URL'
  if (text.includes('#')) return 'must not have a fragment'
  if (authority.exec(text)?.[1]?.includes('@') === true) return 'must not name a user'
  const url = new URL(text)
  if (isBlockedPort(url.port))
    return `must not name port ${url.port}, where other protocols are spoken`
  return hostFault(url, policy)
}
