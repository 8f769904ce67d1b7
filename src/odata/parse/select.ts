import type { QueryOptions, SelectItem } from '../ast.ts'
import {
  takeList,
  takeName,
  takeQualifiedName,
  takeText,
  unexpected,
  type NestedOption,
  type Scanner,
} from './tokens.ts'

const nestedOptions: readonly NestedOption[] = [
  'filter',
  'search',
  'count',
  'orderby',
  'skip',
  'top',
  'compute',
  'select',
]

/** One step of a path: a name that may be qualified, `*`, `Ns.*`, or an annotation `@Ns.Term#Qualifier`. */
export const takePathStep = (scanner: Scanner): string | undefined => {
  const from = scanner.at
  if (takeText(scanner, '*')) return '*'
  takeText(scanner, '@')
  if (takeQualifiedName(scanner) === undefined) {
    scanner.at = from
    return undefined
  }
  if (scanner.text.startsWith('.*', scanner.at)) scanner.at += 2
  if (scanner.text[from] === '@' && takeText(scanner, '#')) takeName(scanner)
  return scanner.text.slice(from, scanner.at)
}

/** `(Location,Kind)`: the parameters that tell overloads of a function apart. */
const takeParameterNames = (scanner: Scanner): boolean => {
  const from = scanner.at
  scanner.at++
  do takeName(scanner)
  while (takeText(scanner, ','))
  // Options have an equals sign after their name, or a dollar before it.
  if (scanner.at > from + 1 && takeText(scanner, ')')) return true
  scanner.at = from
  return false
}

const readOptions = (scanner: Scanner): QueryOptions | undefined => {
  if (scanner.text[scanner.at] !== '(' || takeParameterNames(scanner)) return undefined
  return scanner.grammar.options(scanner, nestedOptions, true)
}

const parseItem = (scanner: Scanner): SelectItem => {
  const at = scanner.at
  const path: string[] = []
  do {
    const step = takePathStep(scanner)
    if (step === undefined) throw unexpected(scanner, 'a property name')
    path.push(step)
  } while (takeText(scanner, '/'))
  return { path, options: readOptions(scanner), at }
}

/** Reads `$select` (OData 4.01 URL 5.1.4): paths with nested options. */
export const parseSelect = (scanner: Scanner): readonly SelectItem[] =>
  takeList(scanner, () => parseItem(scanner))
