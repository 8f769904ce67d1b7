import fc from 'fast-check'

/** Redirect URIs of every kind that may be registered. */
export const registeredUris = [
  'https://client.example/callback',
  'https://client.example/callback?tenant=7&keep=a%20b',
  'https://client.example:8443/a/b/callback',
  'http://127.0.0.1/callback',
  'http://127.0.0.1:4321/callback?x=1',
  'http://[::1]/callback',
  'http://[::1]:4321/callback',
  'http://localhost:3000/callback',
  'com.example.app:/callback',
  'com.example.app://host/callback',
] as const

/** Pieces that URL readers are known to disagree about (T01-T06). */
const pieces = [
  '@',
  '@@',
  'user@',
  'user:pass@',
  'evil.example@',
  '@evil.example',
  '@evil.example@',
  '\\',
  '\\\\',
  '/\\',
  '\t',
  '\n',
  '\r',
  '\0',
  ' ',
  '%00',
  '%09',
  '%0a',
  '%2e',
  '%2e%2e/',
  '%2E%2E%2F',
  '..',
  '../',
  './',
  '/../',
  '..;/',
  ';x',
  ';',
  '.',
  '..%2f',
  '//',
  '/',
  '#',
  '#@evil.example',
  '?',
  '??',
  '&',
  '*',
  '%2a',
  ':',
  ':80',
  ':443',
  ':0',
  ':00080',
  ':65536',
  ':99999',
  '%40',
  '%2f',
  '%5c',
  '\u212a',
  '\u017f',
  '\u0131',
  '\u00e9',
  '\uff0f',
  '\uff0e',
  '\u3002',
  '\u200b',
  '\u202e',
  '\ufeff',
  'xn--',
  '.evil.example',
  'evil.example/',
  'evil',
  '0x7f.1',
  '127.1',
  '0.0.0.0',
  '[::ffff:127.0.0.1]',
  'localhost',
  'javascript:',
] as const

type Change = {
  readonly kind: 'insert' | 'replace' | 'delete' | 'case' | 'percent' | 'port' | 'double'
  readonly at: number
  readonly text: string
}

const place = (uri: string, at: number): number => at % (uri.length + 1)

const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

const otherCase = (text: string): string =>
  text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase()

const changes: Readonly<
  Record<Change['kind'], (before: string, here: string, after: string, text: string) => string>
> = {
  insert: (before, here, after, text) => before + text + here + after,
  replace: (before, _here, after, text) => before + text + after,
  delete: (before, _here, after) => before + after,
  case: (before, here, after) => before + otherCase(here) + after,
  percent: (before, here, after) => before + percent(here) + after,
  port: (before, here, after, text) => `${before}${here}${after}`.replace(/:\d+/, `:${text}`),
  double: (before, here, after) => before + here + here + after,
}

const apply = (uri: string, change: Change): string => {
  const at = place(uri, change.at)
  return changes[change.kind](
    uri.slice(0, at),
    uri.slice(at, at + 1),
    uri.slice(at + 1),
    change.text,
  )
}

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...pieces) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 70_000 }).map(String) },
)

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('insert', 'replace', 'delete', 'case', 'percent', 'port', 'double'),
  at: fc.nat(120),
  text,
})

/** A registered URI, and what an attacker makes of it; sometimes both are the same. */
export const mutatedUri = fc
  .tuple(fc.constantFrom(...registeredUris), fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([registered, list]) => ({ registered, presented: list.reduce<string>(apply, registered) }))

/** What RFC 3986 appendix B reads, which knows nothing of the repairs of browsers. */
export const readPlainly = (uri: string) => {
  const match = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(uri)
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] = match ?? []
  return { scheme, authority, path, query, fragment }
}

/** The only difference that RFC 8252 section 7.3 allows, said without regular expressions of ours. */
export const differsInLoopbackPortOnly = (registered: string, presented: string): boolean => {
  for (const start of ['http://127.0.0.1', 'http://[::1]']) {
    if (!registered.startsWith(start) || !presented.startsWith(start)) continue
    const rest = (uri: string): { port: string; tail: string } => {
      const after = uri.slice(start.length)
      const tail = after.search(/[/?#]/)
      const cut = tail < 0 ? after.length : tail
      return { port: after.slice(0, cut), tail: after.slice(cut) }
    }
    const [a, b] = [rest(registered), rest(presented)]
    const number = Number(b.port.slice(1))
    const plain = b.port === '' || (b.port === `:${number}` && number >= 1 && number <= 65_535)
    return a.tail === b.tail && plain
  }
  return false
}
