import type { OrderItem } from '../ast.ts'
import { peekWord, takeList, type Scanner } from './tokens.ts'

/** Reads `$orderby` (OData 4.01 URL 5.1.5): expressions, each ascending unless it says `desc`. */
export const parseOrderBy = (scanner: Scanner): readonly OrderItem[] =>
  takeList(scanner, () => {
    const expression = scanner.grammar.expression(scanner)
    const { word, to } = peekWord(scanner)
    if (word === 'asc' || word === 'desc') scanner.at = to
    return { expression, descending: word === 'desc' }
  })
