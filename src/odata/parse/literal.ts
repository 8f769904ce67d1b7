import type { Literal, LiteralType } from '../ast.ts'
import { errorAt, take, unexpected, type Scanner } from './tokens.ts'

// Longer numbers are no number of any type here, and turning digits into a bigint is not linear (threat T70).
const maxDigits = 60

const maxInt64 = 2n ** 63n - 1n
const minInt64 = -(2n ** 63n)

const literal = (type: LiteralType, value: Literal['value'], at: number): Literal => ({
  kind: 'literal',
  type,
  value,
  at,
})

/** OData ABNF string: a quote inside is doubled. */
const parseString = (scanner: Scanner): Literal => {
  const start = scanner.at
  let value = ''
  let from = start + 1
  for (;;) {
    scanner.steps++
    const quote = scanner.text.indexOf("'", from)
    if (quote === -1) {
      scanner.at = scanner.text.length
      throw unexpected(scanner, `a quote (') to close the text that begins at ${start}`)
    }
    value += scanner.text.slice(from, quote)
    from = quote + 1
    if (scanner.text[from] !== "'") break
    value += "'"
    from++
  }
  scanner.at = from
  // U+0000 ends a text inside SQL engines, so that it would not compare as written.
  if (value.includes('\0')) throw errorAt(scanner, 'A text must not contain U+0000', start)
  return literal('string', value, start)
}

const parseNumber = (scanner: Scanner): Literal | undefined => {
  const start = scanner.at
  const text = take(scanner, /[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y)
  if (text === undefined) return undefined
  if (text.length > maxDigits)
    throw errorAt(scanner, `A number has at most ${maxDigits} characters`, start)
  if (/[eE]/.test(text)) return literal('double', Number(text), start)
  if (text.includes('.')) return literal('decimal', text.replace('+', ''), start)
  const integer = BigInt(text)
  return integer > maxInt64 || integer < minInt64
    ? literal('decimal', text, start)
    : literal('integer', integer, start)
}

const isDay = (text: string): boolean => {
  const [, year = '', month = '', day = ''] = /^(-?\d+)-(\d\d)-(\d\d)/.exec(text) ?? []
  const date = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month) - 1, Number(day)))
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
}

const clock = '(?:[01]\\d|2[0-3]):[0-5]\\d'
const dateTime = new RegExp(
  `-?(?:0\\d{3}|[1-9]\\d{3,})-\\d\\d-\\d\\d[Tt]${clock}(?::[0-5]\\d(?:\\.\\d{1,12})?)?(?:[Zz]|[+-]${clock})`,
  'y',
)
const timeOfDay = new RegExp(`${clock}(?::[0-5]\\d(?:\\.\\d{1,12})?)?(?![\\d:])`, 'y')

const parseTemporal = (scanner: Scanner): Literal | undefined => {
  const start = scanner.at
  const stamp = take(scanner, dateTime)
  const day =
    stamp === undefined
      ? take(scanner, /-?(?:0\d{3}|[1-9]\d{3,})-\d\d-\d\d(?![\d:T-])/y)
      : undefined
  const written = stamp ?? day
  if (written !== undefined) {
    if (!isDay(written)) throw errorAt(scanner, `'${written}' is not a day of the calendar`, start)
    return literal(stamp === undefined ? 'date' : 'datetime', written.toUpperCase(), start)
  }
  const time = take(scanner, timeOfDay)
  return time === undefined ? undefined : literal('time', time, start)
}

const words: ReadonlyMap<string, (at: number) => Literal> = new Map([
  ['null', (at: number) => literal('null', null, at)],
  ['true', (at: number) => literal('boolean', true, at)],
  ['false', (at: number) => literal('boolean', false, at)],
  ['nan', (at: number) => literal('double', Number.NaN, at)],
  ['inf', (at: number) => literal('double', Infinity, at)],
  ['-inf', (at: number) => literal('double', -Infinity, at)],
])

const parseWord = (scanner: Scanner): Literal | undefined => {
  const start = scanner.at
  const word = take(scanner, /(?:null|true|false|NaN|-?INF)(?![\p{L}\p{Nl}\p{Nd}\p{Pc}.('])/iuy)
  return word === undefined ? undefined : words.get(word.toLowerCase())?.(start)
}

const parseGuid = (scanner: Scanner): Literal | undefined => {
  const start = scanner.at
  const guid = take(scanner, /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(?![\w-])/iy)
  return guid === undefined ? undefined : literal('guid', guid.toLowerCase(), start)
}

/** `duration'…'`, `binary'…'`, `geography'…'`: a word that says what the text is. */
const typed = [
  {
    word: 'duration',
    type: 'duration',
    form: /^-?P(?=\d|T)(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/,
  },
  { word: 'binary', type: 'binary', form: /^(?:[\w-]{4})*(?:[\w-]{2}(?:==)?|[\w-]{3}=?)?$/ },
  { word: 'geography', type: 'geo', form: /^SRID=\d{1,5};\w+\(/i },
  { word: 'geometry', type: 'geo', form: /^SRID=\d{1,5};\w+\(/i },
] as const

const parseTyped = (scanner: Scanner): Literal | undefined => {
  const start = scanner.at
  const word = take(scanner, /(?:duration|binary|geography|geometry)(?=')/iy)?.toLowerCase()
  const kind = typed.find((entry) => entry.word === word)
  if (kind === undefined) return undefined
  const { value } = parseString(scanner)
  if (!kind.form.test(String(value)))
    throw errorAt(scanner, `This is no ${kind.word}`, start + kind.word.length + 1)
  return literal(kind.type, value, start)
}

/** OData ABNF primitiveLiteral; `undefined` when something else stands here. */
export const parseLiteral = (scanner: Scanner): Literal | undefined => {
  if (scanner.text[scanner.at] === "'") return parseString(scanner)
  const found =
    parseGuid(scanner) ??
    parseWord(scanner) ??
    parseTemporal(scanner) ??
    parseNumber(scanner) ??
    parseTyped(scanner)
  if (found === undefined) return undefined
  if (take(scanner, /[\p{L}\p{Nd}_.'"-]/uy) === undefined) return found
  scanner.at = found.at
  throw errorAt(scanner, 'This is no literal of any type')
}

/** The value of an enumeration after its qualified type name: `Ns.Pattern'Yellow,32'`. */
export const parseEnumValue = (scanner: Scanner, typeName: string, at: number): Literal => {
  const { value } = parseString(scanner)
  const item = /^(?:[+-]?\d+|[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*)$/u
  if (
    !String(value)
      .split(',')
      .every((part) => item.test(part.trim()))
  )
    throw errorAt(scanner, 'Expected the names of members of an enumeration', at)
  return { kind: 'literal', type: 'enum', value, typeName, at }
}
