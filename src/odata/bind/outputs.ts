// What binding makes of its own: members that are computed, and conditions that are put together.
import type { Property } from '../edm/model.ts'
import type { EdmType } from '../edm/types.ts'
import type { BoundExpression, BoundOutput } from './bound.ts'
import { zoneFacets } from './zones.ts'

/** A property that no table has. */
export const propertyOf = (name: string, type: EdmType | 'null'): Property => ({
  name,
  type: type === 'null' ? 'Edm.String' : type,
  nullable: true,
  maxLength: undefined,
  precision: undefined,
  scale: undefined,
  column: '',
})

/** How the values of a property are written, which stays so under another name; other expressions make values that are plain. */
const writtenAs = (expression: BoundExpression): Pick<Property, 'opaque' | 'collection'> => {
  if (expression.kind !== 'property') return {}
  const { opaque, collection } = expression.property
  return {
    ...(opaque === undefined ? {} : { opaque }),
    ...(collection === undefined ? {} : { collection }),
  }
}

/** The member that a computed value shows itself as (OData 4.01 URL 5.1.3). */
export const computedOutput = (name: string, expression: BoundExpression): BoundOutput => ({
  property: {
    ...propertyOf(name, expression.type),
    ...zoneFacets(expression),
    ...writtenAs(expression),
  },
  expression,
})

/** All of the conditions that are given, as one; `undefined` where none is. */
export const conjunction = (
  conditions: readonly (BoundExpression | undefined)[],
): BoundExpression | undefined => {
  const given = conditions.filter((condition) => condition !== undefined)
  return given.length > 1 ? { kind: 'and', operands: given, type: 'Edm.Boolean' } : given[0]
}
