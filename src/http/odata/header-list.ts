/**
 * Splits the value of a header at a separator, outside quoted texts (RFC 9110 section 5.6.4), and trims the parts.
 * In linear time, whatever the value; a quoted text that does not end goes on to the end.
 */
export const splitList = (text: string, separator: ',' | ';'): readonly string[] => {
  if (!text.includes('"')) return text.split(separator).map((part) => part.trim())
  const parts: string[] = []
  let from = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (quoted && character === '\\') at++
    else if (character === '"') quoted = !quoted
    else if (character === separator && !quoted) {
      parts.push(text.slice(from, at).trim())
      from = at + 1
    }
  }
  return [...parts, text.slice(from).trim()]
}

/** A token as it is, a quoted text without its quotes. */
export const unquoted = (text: string): string =>
  text.length > 1 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).replace(/\\(.)/g, '$1')
    : text

/** `name=value` apart, the name in lower case; a missing value is empty. */
export const parameterOf = (text: string): readonly [name: string, value: string] => {
  const equals = text.indexOf('=')
  if (equals < 0) return [text.trim().toLowerCase(), '']
  return [text.slice(0, equals).trim().toLowerCase(), unquoted(text.slice(equals + 1).trim())]
}
