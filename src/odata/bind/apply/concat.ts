import type { Property } from '../../edm/model.ts'
import type { EdmType } from '../../edm/types.ts'
import { badRequest, notSupported } from '../../errors.ts'
import type { BoundExpression, BoundOutput } from '../bound.ts'
import { bindExpression } from '../expression.ts'
import { propertyOf } from '../outputs.ts'
import { isReadAlike } from '../zones.ts'
import {
  everything,
  hidden,
  isSequence,
  keyNames,
  opened,
  orderBy,
  orderOutputs,
  scopeOf,
  stageOf,
  target,
  typeOf,
  type Entities,
  type Open,
  type Row,
  type Start,
} from './stage.ts'

const numberOf = (i: number): BoundExpression => ({
  kind: 'literal',
  type: 'Edm.Int32',
  value: BigInt(i),
  at: 0,
})

/** Whether a row is an entity, by the numbers of the sequences that it comes from. */
const isEntity = (row: Row, { sequence, among }: Exclude<Entities, string>): BoundExpression => {
  const type = 'Edm.Boolean'
  const left = hidden(row, sequence)
  const operands = among.flatMap((entities, i): readonly BoundExpression[] => {
    if (entities === 'none') return []
    const isOf = { kind: 'compare', operator: 'eq', left, right: numberOf(i), type } as const
    if (entities === 'all') return [isOf]
    return [{ kind: 'and', operands: [isOf, isEntity(row, entities)], type }]
  })
  return { kind: 'or', operands, type }
}

/** What the path that a member is named by leads to from a row that is an entity; from another one, null. */
const relatedValue = ({ name: path, type }: Property, open: Open): BoundExpression => {
  const segments = path
    .split('/')
    .map((name) => ({ kind: 'name', name, args: undefined, at: 0 }) as const)
  const { entities, row, start } = open
  // Where not all are entities, clients find no related ones from there; the rows have what leads to them all the same.
  const here: Row = { ...row, type: { ...row.type, navigations: start.row.type.navigations } }
  const scope = scopeOf({ ...open, row: here })
  const value = bindExpression({ kind: 'path', root: 'here', segments, at: 0 }, scope)
  if (typeof entities === 'string') return value
  return { kind: 'case', branches: [{ when: isEntity(row, entities), value }], type }
}

const nothing = (type: EdmType): BoundExpression => ({
  kind: 'cast',
  operand: { kind: 'literal', type: 'null', value: null, at: 0 },
  type,
})

/** What a sequence has none of. Entities have the member of a related entity that others were grouped by; else it is null. */
const missing = (property: Property, open: Open): BoundExpression =>
  property.name.includes('/') && open.entities !== 'none'
    ? relatedValue(property, open)
    : nothing(property.type)

/** The columns of all sequences, in the order in which they appear. */
const columnsOf = (opens: readonly Open[]): ReadonlyMap<string, Property> => {
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
  return columns
}

const entitiesOf = (opens: readonly Open[], sequence: `$${string}`): Entities => {
  const among = opens.map(({ entities }) => entities)
  const [first = 'none'] = among
  return typeof first === 'string' && among.every((entities) => entities === first)
    ? first
    : { sequence, among }
}

/** The order of each sequence in columns of its own, which are null in the rows of the others. */
const orderName = (sequence: number) => (i: number) => `$order${sequence}of${i}` as const

const ordersOf = (opens: readonly Open[]): readonly BoundOutput[] =>
  opens.flatMap((open, i) => orderOutputs(open, orderName(i)))

/**
 * Several sequences as one: the columns of all, null where a sequence has none of that name. The rows of one come after those
 * of the other, and keep their order (section 3.2.2).
 */
export const united = (opens: readonly Open[], start: Start): Open => {
  const columns = columnsOf(opens)
  const inner = [...columns.keys()].filter(isSequence)
  const sequence = `$sequence${inner.length}` as const
  const number = (i: number): BoundOutput => ({
    property: propertyOf(sequence, 'Edm.Int32'),
    expression: numberOf(i),
  })
  const orders = ordersOf(opens)
  const stages = opens.map((open, i) => {
    const own = new Map(
      everything(open).map(({ property, expression }) => [property.name, expression]),
    )
    const outputs = [...columns.values()].map(
      (property): BoundOutput => ({
        property,
        expression: own.get(property.name) ?? missing(property, open),
      }),
    )
    const mine = orderOutputs(open, orderName(i))
    const ordering = orders.map(
      ({ property }): BoundOutput =>
        mine.find((each) => each.property.name === property.name) ?? {
          property,
          expression: nothing(property.type),
        },
    )
    return stageOf(open, [...outputs, ...ordering, number(i)])
  })
  const isAggregated = opens.some((open) => open.entities !== 'all')
  const [first] = opens
  const comparable = [...columns.values()].filter(({ type }) => type !== 'Edm.Binary')
  const own = isAggregated ? comparable.map(({ name }) => name) : first ? keyNames(first) : []
  const key = [...own.filter((name) => !isSequence(name)), ...inner, sequence]
  const before = first?.row.type ?? start.row.type
  const navigations = isAggregated ? new Map<string, never>() : before.navigations
  const type = { ...typeOf(before, stages[0]?.outputs ?? [], key), navigations }
  const next = opened(start, stages, type, entitiesOf(opens, sequence))
  return {
    ...next,
    order: [
      { expression: hidden(next.row, sequence), descending: false },
      ...opens.flatMap((open, i) => orderBy(next.row, open.order, orderName(i))),
    ],
  }
}
