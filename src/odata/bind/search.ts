// `$search` (OData 4.01 URL 5.1.7) over the columns that the schema map makes searchable (data access reference A.12).
import type { SearchExpression } from '../ast.ts'
import { notSupported } from '../errors.ts'
import type { BoundExpression } from './bound.ts'
import { spend, type Scope } from './scope.ts'

/** A word is found where one of the searchable properties contains it, or begins with it; case counts. */
const bindTerm = (text: string, scope: Scope): BoundExpression => {
  const { search } = scope.here.type
  if (search === undefined)
    throw notSupported(
      `$search in '${scope.here.type.name}', where the schema map makes no column searchable`,
      { target: scope.target },
    )
  const operands = search.properties.map((property): BoundExpression => {
    spend(scope)
    return {
      kind: 'call',
      name: search.mode === 'begins' ? 'startswith' : 'contains',
      args: [
        { kind: 'property', instance: scope.here, property, type: property.type },
        { kind: 'literal', type: 'Edm.String', value: text, at: 0 },
      ],
      type: 'Edm.Boolean',
    }
  })
  return { kind: 'or', operands, type: 'Edm.Boolean' }
}

/** What `$search` asks for as a condition. Null in a column is no match, so that NOT finds it. */
export const bindSearch = (search: SearchExpression, scope: Scope): BoundExpression => {
  switch (search.kind) {
    case 'term':
      return {
        kind: 'compare',
        operator: 'eq',
        left: bindTerm(search.text, scope),
        right: { kind: 'literal', type: 'Edm.Boolean', value: true, at: 0 },
        type: 'Edm.Boolean',
      }
    case 'not':
      return { kind: 'not', operand: bindSearch(search.operand, scope), type: 'Edm.Boolean' }
    case 'and':
    case 'or':
      return {
        kind: search.kind,
        operands: search.operands.map((operand) => bindSearch(operand, scope)),
        type: 'Edm.Boolean',
      }
  }
}
