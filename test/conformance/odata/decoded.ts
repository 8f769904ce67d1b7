// The grammar as our parser meets it: any identifier can be any name, because names are resolved later, and
// the text of an option is percent-decoded before it is read.
import { readAbnf, withoutWords, type Grammar, type Node } from './abnf/grammar.ts'

/** Characters, where nothing is percent-encoded any more: what may be encoded in a URL stands as itself. */
const characters = `
hash = "#"
pct-encoded = %x01-10FFFF
pct-encoded-no-squote = %x01-26 / %x28-10FFFF
pct-encoded-no-dquote = %x01-21 / %x23-10FFFF
pct-encoded-unescaped = %x20-21 / %x23-5B / %x5D-10FFFF
qchar-no-amp-squote = %x01-26 / %x28-10FFFF
searchchar = %x21 / %x23-26 / %x2A-3A / %x3C-9F / %xA1-10FFFF
identifierleadingcharacter =/ %xC0-D6 / %xD8-F6 / %xF8-24F
identifiercharacter =/ %xC0-D6 / %xD8-F6 / %xF8-24F
`

const isEscape = (node: Node): boolean => node.kind === 'text' && /^%[\dA-F]{2}$/i.test(node.text)

/** Without the alternatives that spell a character as `%xx`. */
const withoutEscapes = (node: Node): Node => {
  if (node.kind === 'sequence') return { ...node, parts: node.parts.map(withoutEscapes) }
  if ('part' in node) return { ...node, part: withoutEscapes(node.part) }
  if (node.kind !== 'choice') return node
  const choices = node.choices.filter((choice) => !isEscape(choice)).map(withoutEscapes)
  const [only] = choices
  return choices.length === 1 && only !== undefined ? only : { ...node, choices }
}

/** The rule of an option's value: what follows the equals sign. */
const valueOf = (grammar: Grammar, option: string): Node => {
  const body = grammar.get(option)
  if (body?.kind !== 'sequence') throw new Error(`'${option}' is no option`)
  const equals = body.parts.findIndex((part) => part.kind === 'rule' && part.name === 'eq')
  return { kind: 'sequence', parts: body.parts.slice(equals + 1) }
}

/** Options whose values are judged one by one; the rule of a value is called like the option in a URL. */
export const options = [
  'filter',
  'orderby',
  'select',
  'expand',
  'compute',
  'search',
  'apply',
] as const
export type Option = (typeof options)[number]

/** Keys in parentheses; the published rule of keys also knows segments. */
const parenthesized: Node = {
  kind: 'choice',
  choices: [
    { kind: 'rule', name: 'simplekey' },
    { kind: 'rule', name: 'compoundkey' },
  ],
}

/**
 * The grammar of decoded text, changed by `amendments` (ABNF), where rules do not match their `reserved` words.
 */
export const decodedGrammar = (
  published: Grammar,
  amendments: string,
  reserved: Readonly<Record<string, readonly string[]>>,
): Grammar => {
  const plain = new Map([...published].map(([name, body]) => [name, withoutEscapes(body)]))
  const amended = withoutWords(readAbnf(amendments, readAbnf(characters, plain)), reserved)
  return new Map([
    ...amended,
    ...options.map((option): [string, Node] => [`$${option}`, valueOf(amended, option)]),
    ['$key', parenthesized],
  ])
}
