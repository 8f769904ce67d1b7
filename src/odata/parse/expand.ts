import type { ExpandItem, QueryOptions } from '../ast.ts'
import { takePathStep } from './select.ts'
import { take, takeList, takeText, unexpected, type NestedOption, type Scanner } from './tokens.ts'

const ofCount: readonly NestedOption[] = ['filter', 'search']
const ofReferences: readonly NestedOption[] = [...ofCount, 'orderby', 'skip', 'top', 'count']
const ofEntities: readonly NestedOption[] = [
  ...ofReferences,
  'select',
  'expand',
  'compute',
  'levels',
  'apply',
]

const readSuffix = (scanner: Scanner): ExpandItem['suffix'] => {
  if (take(scanner, /\/\$ref(?![\w])/y) !== undefined) return 'ref'
  return take(scanner, /\/\$count(?![\w])/y) === undefined ? undefined : 'count'
}

const readOptions = (
  scanner: Scanner,
  last: string,
  suffix: ExpandItem['suffix'],
): QueryOptions | undefined => {
  if (scanner.text[scanner.at] !== '(') return undefined
  if (last === '*')
    return suffix === undefined ? scanner.grammar.options(scanner, ['levels'], false) : undefined
  if (suffix === 'count') return scanner.grammar.options(scanner, ofCount, false)
  if (suffix === 'ref') return scanner.grammar.options(scanner, ofReferences, false)
  return scanner.grammar.options(scanner, ofEntities, true)
}

const parseItem = (scanner: Scanner): ExpandItem => {
  const at = scanner.at
  if (takeText(scanner, '$value'))
    return { path: ['$value'], suffix: undefined, options: undefined, at }
  const path: string[] = []
  for (;;) {
    const step = takePathStep(scanner)
    if (step?.endsWith('.*')) scanner.at -= 2
    if (step === undefined || step.endsWith('.*'))
      throw unexpected(scanner, 'a navigation property')
    path.push(step)
    const suffix = readSuffix(scanner)
    const last = suffix !== undefined || step === '*' || !takeText(scanner, '/')
    if (last) return { path, suffix, options: readOptions(scanner, step, suffix), at }
  }
}

/** Reads `$expand` (OData 4.01 URL 5.1.2.1): navigation properties with nested options to any depth. */
export const parseExpand = (scanner: Scanner): readonly ExpandItem[] =>
  takeList(scanner, () => parseItem(scanner))
