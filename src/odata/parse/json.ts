// JSON inside a URL (OData 4.01 URL 5.1.1.13): arrays and objects whose values may be expressions.
import type { ODataExpression } from '../ast.ts'
import {
  expectText,
  errorAt,
  nested,
  take,
  takeList,
  takeSpace,
  takeText,
  unexpected,
  type Scanner,
} from './tokens.ts'

const parseText = (scanner: Scanner): string | undefined => {
  const at = scanner.at
  if (scanner.text[at] !== '"') return undefined
  const written = take(scanner, /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy)
  if (written === undefined) throw errorAt(scanner, 'This JSON text is broken or has no end', at)
  const text = JSON.parse(written) as string
  if (text.includes('\0')) throw errorAt(scanner, 'A text must not contain U+0000', at)
  return text
}

const parseValue = (scanner: Scanner): ODataExpression => {
  const at = scanner.at
  const value = parseText(scanner)
  return value === undefined
    ? scanner.grammar.expression(scanner)
    : { kind: 'literal', type: 'string', value, at }
}

/** `[1,"two",Name]`; `undefined` when no bracket stands here. */
export const parseArray = (scanner: Scanner): ODataExpression | undefined => {
  const at = scanner.at
  if (!takeText(scanner, '[')) return undefined
  return nested(scanner, () => {
    takeSpace(scanner)
    if (takeText(scanner, ']')) return { kind: 'array', items: [], at }
    const items = takeList(scanner, () => parseValue(scanner))
    takeSpace(scanner)
    expectText(scanner, ']')
    return { kind: 'array', items, at }
  })
}

/** `{"Street":"x","Zip":Code}`; `undefined` when no brace stands here. */
export const parseObject = (scanner: Scanner): ODataExpression | undefined => {
  const at = scanner.at
  if (!takeText(scanner, '{')) return undefined
  return nested(scanner, () => {
    takeSpace(scanner)
    if (takeText(scanner, '}')) return { kind: 'object', members: [], at }
    const members = takeList(scanner, () => {
      const name = parseText(scanner)
      if (name === undefined) throw unexpected(scanner, 'a name in double quotes')
      takeSpace(scanner)
      expectText(scanner, ':')
      takeSpace(scanner)
      return { name, value: parseValue(scanner) }
    })
    takeSpace(scanner)
    expectText(scanner, '}')
    return { kind: 'object', members, at }
  })
}
