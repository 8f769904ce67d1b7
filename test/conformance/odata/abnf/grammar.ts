// ABNF (RFC 5234, with the case-sensitive strings of RFC 7405) as data.

export type Node =
  | { readonly kind: 'text'; readonly text: string; readonly anyCase: boolean }
  /** One code point out of these ranges, both ends included. */
  | { readonly kind: 'character'; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly choices: readonly Node[] }
  | { readonly kind: 'repeat'; readonly least: number; readonly most: number; readonly part: Node }
  /** What `part` matches, as long as it is one of the texts: a rule whose names a model gives. */
  | { readonly kind: 'among'; readonly texts: readonly string[]; readonly part: Node }
  /** What `part` matches, unless it is one of the texts (in lower case). */
  | { readonly kind: 'except'; readonly texts: readonly string[]; readonly part: Node }

/** Rules by their name in lower case: names are case-insensitive (RFC 5234 section 2.1). */
export type Grammar = ReadonlyMap<string, Node>

type Reader = { readonly text: string; at: number }

const take = (reader: Reader, sticky: RegExp): string | undefined => {
  sticky.lastIndex = reader.at
  const found = sticky.exec(reader.text)?.[0]
  if (found !== undefined) reader.at += found.length
  return found
}

const wrong = (reader: Reader, wanted: string): Error =>
  new Error(`ABNF: expected ${wanted} at '${reader.text.slice(reader.at, reader.at + 40)}'`)

/** White space and comments that stay inside the rule: a line that begins in column 0 begins a new one. */
const skip = (reader: Reader): void => {
  take(reader, /(?:[ \t]|;[^\n]*|\r?\n(?=[ \t\r\n;]))*/y)
}

const takeOr = (reader: Reader, sticky: RegExp, wanted: string): string => {
  const found = take(reader, sticky)
  if (found === undefined) throw wrong(reader, wanted)
  return found
}

const readCharacters = (reader: Reader): Node => {
  const [first = '', ...rest] = takeOr(
    reader,
    /%x[\dA-F]+(?:-[\dA-F]+|(?:\.[\dA-F]+)+)?/iy,
    'a hexadecimal value',
  )
    .slice(2)
    .split(/(?=[-.])/)
  const points = [first, ...rest.map((part) => part.slice(1))].map((hex) =>
    Number.parseInt(hex, 16),
  )
  const [from = 0, to = from] = points
  if (!rest.some((part) => part.startsWith('.'))) return { kind: 'character', ranges: [[from, to]] }
  return { kind: 'text', text: String.fromCodePoint(...points), anyCase: false }
}

const readElement = (reader: Reader): Node => {
  const open = take(reader, /[([]/y)
  if (open !== undefined) {
    const inner = readChoice(reader)
    takeOr(reader, open === '(' ? /\)/y : /\]/y, 'a closing bracket')
    return open === '(' ? inner : { kind: 'repeat', least: 0, most: 1, part: inner }
  }
  const string = take(reader, /(?:%[is])?"[^"\n]*"/iy)
  if (string !== undefined)
    return {
      kind: 'text',
      text: string.slice(string.indexOf('"') + 1, -1),
      anyCase: !/^%s/i.test(string),
    }
  const name = take(reader, /[a-z][\w-]*/iy)
  return name === undefined ? readCharacters(reader) : { kind: 'rule', name: name.toLowerCase() }
}

const readRepeat = (reader: Reader): Node => {
  const count = take(reader, /\d*\*\d*|\d+/y)
  const part = readElement(reader)
  if (count === undefined) return part
  const [least = '', most = least] = count.split('*')
  return {
    kind: 'repeat',
    least: Number(least),
    most: most === '' ? Number.POSITIVE_INFINITY : Number(most),
    part,
  }
}

const readSequence = (reader: Reader): Node => {
  const parts: Node[] = []
  for (skip(reader); take(reader, /(?=[\w([%"*])/y) !== undefined; skip(reader))
    parts.push(readRepeat(reader))
  const [only] = parts
  if (only === undefined) throw wrong(reader, 'an element')
  return parts.length === 1 ? only : { kind: 'sequence', parts }
}

const readChoice = (reader: Reader): Node => {
  const choices = [readSequence(reader)]
  while (take(reader, /\//y) !== undefined) choices.push(readSequence(reader))
  const [only] = choices
  return choices.length === 1 && only !== undefined ? only : { kind: 'choice', choices }
}

/**
 * Reads a rule list. What it defines with `=` replaces what `base` has under the name, `=/` adds a choice.
 * Throws on text that is no ABNF and on a rule that is defined twice in the same text.
 */
export const readAbnf = (text: string, base: Grammar = new Map()): Grammar => {
  const rules = new Map(base)
  const defined = new Set<string>()
  const reader: Reader = { text, at: 0 }
  for (;;) {
    take(reader, /(?:[ \t\r\n]|;[^\n]*)*/y)
    if (reader.at >= text.length) return rules
    const name = takeOr(reader, /[a-z][\w-]*/iy, 'the name of a rule').toLowerCase()
    const sign = takeOr(reader, /[ \t]*=\/?/y, "'=' or '=/'").trim()
    const body = readChoice(reader)
    const before = rules.get(name)
    if (sign === '=/' && before !== undefined)
      rules.set(name, { kind: 'choice', choices: [before, body] })
    else if (defined.has(name)) throw new Error(`ABNF: '${name}' is defined twice`)
    else rules.set(name, body)
    defined.add(name)
  }
}

/** The same grammar, where rules match only what is in their list; an empty one means that they never match. */
export const withNames = (
  grammar: Grammar,
  names: Readonly<Record<string, readonly string[]>>,
): Grammar => {
  const rules = new Map(grammar)
  for (const [written, texts] of Object.entries(names)) {
    const name = written.toLowerCase()
    const part = grammar.get(name)
    // A name that the grammar does not use restricts nothing.
    if (part !== undefined) rules.set(name, { kind: 'among', texts, part })
  }
  return rules
}

/** The same grammar, where rules match none of their words, in whatever case. */
export const withoutWords = (
  grammar: Grammar,
  reserved: Readonly<Record<string, readonly string[]>>,
): Grammar => {
  const rules = new Map(grammar)
  for (const [written, words] of Object.entries(reserved)) {
    const part = grammar.get(written.toLowerCase())
    if (part === undefined) throw new Error(`There is no rule '${written}'`)
    const texts = words.map((word) => word.toLowerCase())
    rules.set(written.toLowerCase(), { kind: 'except', texts, part })
  }
  return rules
}

const partsOf = (node: Node): readonly Node[] => {
  if (node.kind === 'sequence') return node.parts
  if (node.kind === 'choice') return node.choices
  return 'part' in node ? [node.part] : []
}

const namesIn = (node: Node): readonly string[] =>
  node.kind === 'rule' ? [node.name] : partsOf(node).flatMap(namesIn)

/** Names that are used and nowhere defined. */
export const missingRules = (grammar: Grammar): readonly string[] =>
  [...new Set([...grammar.values()].flatMap(namesIn))].filter((name) => !grammar.has(name))
