import type { Select } from '../ast.ts'
import { notSupported } from '../errors.ts'
import { createScanner, expectEnd, takeName, takeSpace, takeText, unexpected } from './tokens.ts'

/** Parses the decoded value of `$select` (OData 4.01 URL 5.1.3). Paths and nested options are 501. */
export const parseSelect = (text: string): Select => {
  const scanner = createScanner(text, '$select')
  const items: { name: string; at: number }[] = []
  do {
    if (items.length > 0) takeSpace(scanner)
    const at = scanner.at
    const name = takeText(scanner, '*') ? '*' : takeName(scanner)
    const next = text[scanner.at]
    if (next === '@' || (name !== undefined && next !== undefined && '/.('.includes(next)))
      throw notSupported('paths, qualified names, annotations and nested options in $select', {
        target: '$select',
        position: scanner.at,
      })
    if (name === undefined) throw unexpected(scanner, 'a property name')
    items.push({ name, at })
  } while (takeText(scanner, ','))
  expectEnd(scanner)
  return items
}
