import type { ClientType } from './model.ts'

const maxLength = 2000

/** Schemes that run code, read files or leave the browser's rules (T06), and those no client listens on. */
const dangerousSchemes = new Set([
  'javascript:',
  'data:',
  'vbscript:',
  'file:',
  'blob:',
  'about:',
  'filesystem:',
  'view-source:',
  'jar:',
  'intent:',
  'ws:',
  'wss:',
  'ftp:',
  'mailto:',
  'tel:',
  'sms:',
  'chrome:',
  'chrome-extension:',
  'resource:',
  'ms-appx:',
])

/** Parameters that our own response adds; a URI that brings them along would have two of each (T18). */
const responseParameters = new Set([
  'code',
  'state',
  'iss',
  'error',
  'error_description',
  'error_uri',
])

const bareHost =
  /^(?=.{1,253}(?:[:/]|$))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?(?:\/[\x21-\x7e]*)?$/i

const schemeFault = (scheme: string): string | undefined =>
  dangerousSchemes.has(scheme) ? `must not have the scheme ${scheme.slice(0, -1)}` : undefined

const characterFault = (uri: string): string | undefined => {
  if (uri === '') return 'must not be empty'
  if (uri.length > maxLength) return `must not be longer than ${maxLength} characters`
  if (!/^[\x21-\x7e]+$/.test(uri))
    return 'must be printable ASCII without blanks; write other characters percent-encoded'
  if (uri.includes('#')) return 'must not have a fragment (#)'
  if (uri.includes('*')) return 'must not have a wildcard (*); register each address'
  if (/[\\"<>^`{|}]/.test(uri)) return 'has a character that is not allowed in a URI'
  // `x:/.//host` is a path to one reader of URIs and could be a host to another (T01).
  if (/\/\.{1,2}(?:[/?]|$)/.test(uri)) return 'must not have dot segments (/./ or /../)'
  return undefined
}

const absoluteFault = (uri: string): string | undefined => {
  if (!URL.canParse(uri)) return 'is not a valid URI'
  const url = new URL(uri)
  if (url.username !== '' || url.password !== '' || uri.split(/[/?]/, 3)[2]?.includes('@'))
    return 'must not have user-info (@) before the host'
  for (const name of url.searchParams.keys()) {
    if (responseParameters.has(name))
      return `must not have the parameter ${name} in its query; the response adds it`
  }
  // Where two readers of one address disagree, one of them goes elsewhere: only the plain spelling is taken.
  if (url.href !== uri && url.href !== `${uri}/`)
    return `must be written in its plain form: ${url.href}`
  return undefined
}

/**
 * What is wrong with a redirect URI at registration, or undefined. Accepted are absolute URIs with http,
 * https or a private-use scheme (RFC 8252 section 7), and, as in HDP's samples, bare hosts.
 */
export const redirectUriFault = (uri: string): string | undefined => {
  // `javascript:1/alert(1)` also reads as a host with a port, hence the scheme before the bare host (T06).
  const fault = characterFault(uri) ?? schemeFault(/^[^:/?]*:/.exec(uri)?.[0].toLowerCase() ?? '')
  if (fault !== undefined || bareHost.test(uri)) return fault
  return absoluteFault(uri)
}

/** HDP's samples register these; they are kept as given and never match a redirect. */
export const isBareHost = (uri: string): boolean => bareHost.test(uri)

/** RFC 8252 section 7.3: the loopback addresses by number; a name could lead elsewhere. */
const loopback = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::([1-9]\d{0,4}))?((?:[/?].*)?)$/

const sameLoopback = (registered: string, presented: string): boolean => {
  const a = loopback.exec(registered)
  const b = loopback.exec(presented)
  if (a === null || b === null) return false
  return (
    a[1] === b[1] &&
    a[3] === b[3] &&
    Number(b[2] ?? 80) <= 65_535 &&
    redirectUriFault(presented) === undefined
  )
}

/** Hosts, as the URL reader writes them, that lead back to where the browser runs. */
const ownComputer =
  /^(?:(?:[^.]+\.)*localhost\.?|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:(?:7f[\da-f]{2}:[\da-f]{1,4}|0:0)\])$/

/** True for a redirect to the user's own computer, by whatever name: wider than what may vary its port (T16). */
export const isLoopback = (uri: string): boolean => {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  return /^https?:$/.test(protocol) && ownComputer.test(hostname)
}

/**
 * True when a presented redirect URI is one of the registered ones: byte for byte (RFC 9700 section 2.1),
 * but for the port of a loopback address of a public client (RFC 8252 section 7.3; T01–T05).
 */
export const matchesRedirectUri = (
  registered: readonly string[],
  presented: string,
  clientType: ClientType,
): boolean => {
  if (isBareHost(presented)) return false
  if (registered.includes(presented)) return true
  return clientType === 'public' && registered.some((uri) => sameLoopback(uri, presented))
}

/** Where the user is sent, for the consent page: the host, or the scheme of an app. */
export const redirectHost = (uri: string): string => {
  const url = new URL(uri)
  return url.host === '' || !/^https?:$/.test(url.protocol) ? url.protocol.slice(0, -1) : url.host
}

/** The web origin of a redirect URI; undefined for private-use schemes and bare hosts. */
export const redirectOrigin = (uri: string): string | undefined => {
  if (isBareHost(uri) || !URL.canParse(uri)) return undefined
  const url = new URL(uri)
  return /^https?:$/.test(url.protocol) ? url.origin : undefined
}
