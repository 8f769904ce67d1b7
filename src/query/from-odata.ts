import type { BoundExpression, BoundLiteral } from '#odata/bind.ts'
import type { BoundCollection, BoundEntity } from '#odata/bind-request.ts'
import type { EntityType, Property } from '#odata/edm/model.ts'
import { notSupported } from '#odata/errors.ts'
import type { Column, Expression, Null, Order, ReadPlan, ReadShape, Slot, Value } from './plan.ts'

const maxInt64 = 2n ** 63n - 1n

/** Decimals beyond this many digits are not compared exactly by engines that keep them as doubles. */
const exactDigits = 15

/** A decimal literal as a value that compares exactly, or a refusal (DESIGN invariant 23). */
const decimalValue = (text: string, position: number): Value => {
  const [whole = '', fraction = ''] = text.split('.')
  if (/^0*$/.test(fraction)) {
    const integer = BigInt(whole)
    if (integer <= maxInt64 && integer >= -maxInt64) return integer
  }
  const digits = (whole.replace('-', '') + fraction).replace(/^0+/, '').length
  if (digits > exactDigits)
    throw notSupported(`decimal literals of more than ${exactDigits} digits`, {
      target: 'the URL',
      position,
    })
  return Number(text)
}

const literalValue = ({ type, value, at }: BoundLiteral): Value =>
  type === 'Edm.Decimal' && typeof value === 'string' ? decimalValue(value, at) : value

const columnOf = ({ column, type, nullable }: Property): Column => ({
  kind: 'column',
  name: column,
  type,
  nullable,
})

/** Collects values and gives out their slots. */
const createSlots = () => {
  const values: Value[] = []
  const add = (value: Value, type: Slot['type']): Slot => {
    values.push(value)
    return { kind: 'slot', index: values.length - 1, type }
  }
  const literal = (bound: BoundLiteral): Slot | Null =>
    bound.type === 'null' ? { kind: 'null' } : add(literalValue(bound), bound.type)
  const integer = (n: number | undefined): Slot | undefined =>
    n === undefined ? undefined : add(BigInt(n), 'Edm.Int64')
  return { values, add, literal, integer }
}
type Slots = ReturnType<typeof createSlots>

const expressionOf = (bound: BoundExpression, slots: Slots): Expression => {
  switch (bound.kind) {
    case 'literal':
      return slots.literal(bound)
    case 'property':
      return columnOf(bound.property)
    case 'call':
      return {
        kind: 'call',
        name: bound.name,
        args: bound.args.map((arg) => expressionOf(arg, slots)),
        type: bound.type,
      }
    case 'compare':
      return {
        kind: 'compare',
        operator: bound.operator,
        left: expressionOf(bound.left, slots),
        right: expressionOf(bound.right, slots),
      }
    case 'and':
    case 'or':
      return { kind: bound.kind, operands: bound.operands.map((o) => expressionOf(o, slots)) }
    case 'not':
      return { kind: 'not', operand: expressionOf(bound.operand, slots) }
    case 'in':
      return {
        kind: 'in',
        operand: expressionOf(bound.operand, slots),
        items: bound.items.map((item) => slots.literal(item)),
      }
  }
}

/** The asked order, completed by the key in the direction of the last item, which suits an index best. */
const orderOf = (bound: BoundCollection, slots: Slots): readonly Order[] => {
  const order = bound.orderBy.map(({ expression, descending }) => ({
    expression: expressionOf(expression, slots),
    descending,
  }))
  const named = new Set(
    order.map(({ expression: e }) => (e.kind === 'column' ? e.name : undefined)),
  )
  const descending = order.at(-1)?.descending ?? false
  const rest = bound.set.type.key.filter(({ column }) => !named.has(column))
  return [...order, ...rest.map((property) => ({ expression: columnOf(property), descending }))]
}

export type PageRequest = {
  /** Rows to fetch. */
  readonly limit: number | undefined
  readonly offset: number | undefined
  /** Order values of the row that the page follows. */
  readonly after: readonly Value[] | undefined
}

export type CollectionPlan = ReadPlan & {
  /** Where each order value stands in a row; those that are not selected follow the selected ones. */
  readonly orderAt: readonly number[]
}

/** The plan of a collection read. Throws `ODataError` for literals that cannot be compared exactly. */
export const planCollection = (bound: BoundCollection, page: PageRequest): CollectionPlan => {
  const slots = createSlots()
  const outputs: Expression[] = bound.select.properties.map(columnOf)
  const order = orderOf(bound, slots)
  const orderAt = order.map(({ expression: e }) => {
    const at = outputs.findIndex(
      (o) => o.kind === 'column' && e.kind === 'column' && o.name === e.name,
    )
    return at === -1 ? outputs.push(e) - 1 : at
  })
  const shape: ReadShape = {
    table: bound.set.type.table,
    outputs,
    filter: bound.filter && expressionOf(bound.filter, slots),
    order,
    after: page.after?.map((value, i) => {
      const type = bound.orderBy[i]?.expression.type ?? 'Edm.String'
      return value === null
        ? { kind: 'null' }
        : slots.add(value, type === 'null' ? 'Edm.String' : type)
    }),
    limit: slots.integer(page.limit),
    offset: slots.integer(page.offset),
  }
  return { shape, values: slots.values, orderAt }
}

/** The shape that reads one entity by key: slot i is the value of key property i. */
export const shapeOfEntity = (type: EntityType, properties: readonly Property[]): ReadShape => {
  const operands = type.key.map((property, index): Expression => {
    const right: Slot = { kind: 'slot', index, type: property.type }
    return { kind: 'compare', operator: 'eq', left: columnOf(property), right }
  })
  const [first, ...more] = operands
  return {
    table: type.table,
    outputs: properties.map(columnOf),
    filter: more.length === 0 ? first : { kind: 'and', operands },
    order: [],
    after: undefined,
    limit: undefined,
    offset: undefined,
  }
}

/** The values of the slots of `shapeOfEntity`. */
export const keyValues = ({ key }: BoundEntity): readonly Value[] => key.map(literalValue)
