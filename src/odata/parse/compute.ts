import type { ComputeItem } from '../ast.ts'
import { takeKeyword, takeList, takeName, unexpected, type Scanner } from './tokens.ts'

/** Reads `$compute` (OData 4.01 URL 5.1.3): `Price mul Quantity as Total`. */
export const parseCompute = (scanner: Scanner): readonly ComputeItem[] =>
  takeList(scanner, () => {
    const at = scanner.at
    const expression = scanner.grammar.expression(scanner)
    if (!takeKeyword(scanner, 'as')) throw unexpected(scanner, "' as ' and a name")
    const alias = takeName(scanner)
    if (alias === undefined) throw unexpected(scanner, 'a name')
    return { expression, alias, at }
  })
