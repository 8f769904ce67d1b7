import type { QueryOptions, SelectItem } from '../ast.ts'
import {
  expectText,
  take,
  takeList,
  takeName,
  takeQualifier,
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
  if (scanner.text[from] === '@') takeQualifier(scanner)
  else if (scanner.text.startsWith('.*', scanner.at)) scanner.at += 2
  return scanner.text.slice(from, scanner.at)
}

/** `(Location,Kind)`: the parameters that tell overloads of a function apart. */
const takeParameterNames = (scanner: Scanner): boolean => {
  // Options have an equals sign after their name, or a dollar before it.
  if (take(scanner, /(?=\([^(),;$=@]+[,)])/y) === undefined) return false
  scanner.at++
  do if (takeName(scanner) === undefined) throw unexpected(scanner, 'the name of a parameter')
  while (takeText(scanner, ','))
  expectText(scanner, ')')
  return true
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
    if (step.endsWith('*')) return { path, options: undefined, at }
  } while (takeText(scanner, '/'))
  return { path, options: readOptions(scanner), at }
}

/** Reads `$select` (OData 4.01 URL 5.1.4): paths with nested options. */
export const parseSelect = (scanner: Scanner): readonly SelectItem[] =>
  takeList(scanner, () => parseItem(scanner))
