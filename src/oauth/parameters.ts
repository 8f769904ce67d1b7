import { OAuthError } from './errors.ts'

/** Request parameters as they came: names may repeat here, and must not. */
export type ParameterEntries = Iterable<readonly [name: string, value: string]>

/** The parameters of one request, each name once, empty ones left out. */
export type Parameters = ReadonlyMap<string, string>

const maxNameLength = 100
const maxValueLength = 4096
const maxCount = 100

/** HDP prints its own spelling of two fields (reference A.9); inside there is one name. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['clientId', 'client_id'],
  ['clientSecret', 'client_secret'],
])

const hasControlCharacter = (text: string): boolean => {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

const describe = (name: string): string =>
  name.length <= maxNameLength && /^[\w.~-]+$/.test(name) ? name : 'a parameter'

const checkValue = (name: string, value: string): void => {
  if (value.length > maxValueLength)
    throw new OAuthError(
      'invalid_request',
      `${describe(name)} is longer than ${maxValueLength} characters.`,
    )
  if (hasControlCharacter(value))
    throw new OAuthError('invalid_request', `${describe(name)} contains a control character.`)
}

export type ReadParameters = {
  readonly parameters: Parameters
  /** Names that came more than once (T19). Their values are not in `parameters`. */
  readonly repeated: ReadonlySet<string>
}

/**
 * Reads the parameters of a request, telling which were repeated instead of refusing, for the
 * authorization endpoint, which must know the client before it may say anything.
 * RFC 6749 section 3.1: parameters without a value are treated as if they were left out.
 * Throws `invalid_request` when a value is too long or has control characters, or there are too many.
 */
export const readParameters = (entries: ParameterEntries): ReadParameters => {
  const parameters = new Map<string, string>()
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const [spelling, value] of entries) {
    const name = aliases.get(spelling) ?? spelling
    if (seen.size >= maxCount)
      throw new OAuthError('invalid_request', `More than ${maxCount} parameters.`)
    checkValue(name, value)
    if (seen.has(name)) repeated.add(name)
    seen.add(name)
    if (value !== '') parameters.set(name, value)
  }
  for (const name of repeated) parameters.delete(name)
  return { parameters, repeated }
}

/**
 * Reads the parameters of a request. Throws `invalid_request` when one is repeated (RFC 6749 sections 3.1
 * and 3.2), too long, or has control characters.
 */
export const parseParameters = (entries: ParameterEntries): Parameters => {
  const { parameters, repeated } = readParameters(entries)
  const [first] = repeated
  if (first !== undefined)
    throw new OAuthError('invalid_request', `${describe(first)} was sent more than once.`)
  return parameters
}

/** The value of a parameter that must be there; throws `invalid_request` when it is not. */
export const requireParameter = (parameters: Parameters, name: string): string => {
  const value = parameters.get(name)
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing.`)
  return value
}
