import type { Property } from '../../edm/model.ts'
import type { EdmType } from '../../edm/types.ts'
import { badRequest, notSupported } from '../../errors.ts'
import type { BoundExpression, BoundOutput } from '../bound.ts'
import {
  everything,
  keyNames,
  opened,
  propertyOf,
  sequence,
  stageOf,
  target,
  typeOf,
  type Open,
  type Start,
} from './stage.ts'

const isReadAlike = (a: Property, b: Property): boolean =>
  a.zone === b.zone && (a.zone === undefined || a.zoneless === b.zoneless)

const nothing = (type: EdmType): BoundExpression => ({
  kind: 'cast',
  operand: { kind: 'literal', type: 'null', value: null, at: 0 },
  type,
})

/** Several sequences as one: the columns of all, null where a sequence has none of that name. */
export const united = (opens: readonly Open[], start: Start): Open => {
  const columns = new Map<string, Property>()
  for (const open of opens)
    for (const { property } of everything(open)) {
      const known = columns.get(property.name)
      if (known !== undefined && known.type !== property.type)
        throw badRequest(`'${property.name}' has several types in the sequences of concat`, {
          target,
        })
      if (known !== undefined && !isReadAlike(known, property))
        throw notSupported(
          `'${property.name}' of several zones in the sequences of concat, in another zone than GMT`,
          { target },
        )
      columns.set(property.name, { ...property, nullable: true })
    }
  const number = (i: number): BoundOutput => ({
    property: propertyOf(sequence, 'Edm.Int32'),
    expression: { kind: 'literal', type: 'Edm.Int32', value: BigInt(i), at: 0 },
  })
  const stages = opens.map((open, i) => {
    const own = new Map(everything(open).map((output) => [output.property.name, output]))
    const outputs = [...columns.values()].map(
      (property): BoundOutput =>
        own.get(property.name) ?? { property, expression: nothing(property.type) },
    )
    return stageOf(open, [...outputs, number(i)])
  })
  const isAggregated = opens.some((open) => open.isAggregated)
  const [first] = opens
  const outputs = stages[0]?.outputs ?? []
  const names = isAggregated
    ? [...columns.values()].filter(({ type }) => type !== 'Edm.Binary').map(({ name }) => name)
    : first === undefined
      ? []
      : keyNames(first)
  const before = first?.row.type ?? start.row.type
  const type = typeOf(before, outputs, isAggregated ? [...names, sequence] : undefined)
  const key = [
    ...type.key.filter(({ name }) => name !== sequence),
    ...(type.properties.get(sequence) === undefined
      ? []
      : [type.properties.get(sequence) as Property]),
  ]
  return opened(start, stages, { ...type, key }, isAggregated)
}
