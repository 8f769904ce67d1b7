// `$orderby`, and the transformation of that name, against the model (OData 4.01 URL 5.1.5).
import type { OrderItem } from '../ast.ts'
import { familyOf } from '../edm/types.ts'
import { notSupported } from '../errors.ts'
import type { BoundOrderItem } from './bound.ts'
import { bindExpression } from './expression.ts'
import type { Scope } from './scope.ts'

/** Throws `ODataError`; bytes have no order here. */
export const bindOrderItem = (
  { expression, descending }: OrderItem,
  scope: Scope,
): BoundOrderItem => {
  const bound = bindExpression(expression, scope)
  const { type } = bound
  if (type !== 'null' && familyOf(type) === 'binary')
    throw notSupported('ordering by Edm.Binary', {
      target: scope.target,
      position: expression.at,
    })
  return { expression: bound, descending }
}
