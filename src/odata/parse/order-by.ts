import type { OrderItem } from '../ast.ts'
import { parseExpressionHere } from './filter.ts'
import { createScanner, expectEnd, peekWord, takeSpace, takeText } from './tokens.ts'

/** Parses the decoded value of `$orderby` (OData 4.01 URL 5.1.4). */
export const parseOrderBy = (text: string): readonly OrderItem[] => {
  const scanner = createScanner(text, '$orderby')
  const items: OrderItem[] = []
  do {
    if (items.length > 0) takeSpace(scanner)
    const expression = parseExpressionHere(scanner)
    const { word, to } = peekWord(scanner)
    if (word === 'asc' || word === 'desc') scanner.at = to
    items.push({ expression, descending: word === 'desc' })
  } while (takeText(scanner, ','))
  expectEnd(scanner)
  return items
}
