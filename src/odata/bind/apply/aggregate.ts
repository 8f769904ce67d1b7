// aggregate, and the properties that groupby names (OData Data Aggregation 4.0 sections 3.2.1 and 3.2.3).
import type { AggregateItem, GroupElement, GroupPath } from '../../ast.ts'
import { familyOf, isFloating, isInteger, type EdmType } from '../../edm/types.ts'
import { badRequest, notSupported } from '../../errors.ts'
import {
  aggregateMethods,
  type AggregateMethod,
  type BoundExpression,
  type BoundOutput,
} from '../bound.ts'
import { bindExpression } from '../expression.ts'
import { leadsToEntity } from '../path.ts'
import { computedOutput } from '../outputs.ts'
import { opened, scopeOf, stageOf, target, typeOf, type Open } from './stage.ts'

const isMethod = (method: string): method is AggregateMethod =>
  aggregateMethods.some((known) => known === method)

const aggregateType = (method: AggregateMethod, type: EdmType, at: number): EdmType => {
  const family = familyOf(type)
  const wrong = () => badRequest(`'${method}' takes no ${type}`, { target, position: at })
  if (family === 'binary') throw wrong()
  if (method === 'countdistinct') return 'Edm.Int64'
  if (method === 'min' || method === 'max') {
    if (family === 'boolean' || family === 'guid') throw wrong()
    return type
  }
  if (family !== 'number') throw wrong()
  if (isFloating(type)) return 'Edm.Double'
  return method === 'sum' && isInteger(type) ? 'Edm.Int64' : 'Edm.Decimal'
}

export const bindAggregate = (item: AggregateItem, open: Open): BoundOutput => {
  const { expression, method, from, alias, at } = item
  const place = { target, position: at }
  if (from.length > 0) throw notSupported("'from' in aggregate", place)
  if (expression === '$count') {
    if (method !== undefined) throw badRequest('$count has no method', place)
    return computedOutput(alias ?? '', {
      kind: 'aggregate',
      method: 'count',
      operand: undefined,
      type: 'Edm.Int64',
    })
  }
  const entities = method === 'countdistinct' && leadsToEntity(expression, scopeOf(open))
  const operand = bindExpression(expression, { ...scopeOf(open), entities })
  if (method === undefined || alias === undefined)
    throw badRequest(
      "Expected 'with', a method, 'as' and a name: there are no custom aggregates",
      place,
    )
  if (!isMethod(method))
    throw badRequest(
      `There is no method '${method}'; known are ${aggregateMethods.join(', ')}`,
      place,
    )
  if (operand.type === 'null') throw badRequest('Null cannot be aggregated', place)
  // A path, unlike an expression, considers each entity that it leads to exactly once (section 3.2.1.1).
  const isRelated = operand.kind === 'property' && operand.instance.kind === 'step'
  if (isRelated && (method === 'sum' || method === 'average'))
    throw notSupported(
      `'${method}' of a related entity's property, where each entity counts once; as an expression, such as 'Customer/Rate mul 1', it counts for each row`,
      place,
    )
  const type = aggregateType(method, operand.type, at)
  return computedOutput(alias, { kind: 'aggregate', method, operand, type })
}

export const requireNames = (outputs: readonly BoundOutput[], at: number): void => {
  const names = new Set<string>()
  for (const { property } of outputs) {
    if (names.has(property.name))
      throw badRequest(`'${property.name}' is given twice`, { target, position: at })
    names.add(property.name)
  }
}

export const aggregated = (
  open: Open,
  outputs: readonly BoundOutput[],
  groupBy: readonly BoundExpression[],
  key: readonly string[],
): Open => {
  const type = typeOf(open.row.type, outputs, key)
  return opened(open.start, [stageOf({ ...open, order: [] }, outputs, groupBy)], type, 'none')
}

export const aggregateStep = (open: Open, items: readonly AggregateItem[], at: number): Open => {
  const outputs = items.map((item) => bindAggregate(item, open))
  requireNames(outputs, at)
  return aggregated(open, outputs, [], [])
}

export const groupingOutput = ({ path, at }: GroupPath, open: Open): BoundOutput => {
  const segments = path.map((name) => ({ kind: 'name', name, args: undefined, at }) as const)
  const name = path.join('/')
  const known = open.row.type.properties.get(name)
  const named = { kind: 'path', root: 'here', segments, at } as const
  if (leadsToEntity(named, scopeOf(open)))
    throw notSupported('grouping by entities; name their properties', { target, position: at })
  const expression = bindExpression(named, scopeOf(open))
  if (expression.type !== 'null' && familyOf(expression.type) === 'binary')
    throw notSupported('grouping by Edm.Binary', { target, position: at })
  const property =
    known ??
    (expression.kind === 'property'
      ? expression.property
      : computedOutput(name, expression).property)
  return { property: { ...property, name, nullable: true }, expression }
}

/** The lists of properties to group by that a list with rollups stands for (section 3.2.3.2): the finest first. */
export const groupings = (elements: readonly GroupElement[]): readonly (readonly GroupPath[])[] =>
  elements.reduce<readonly (readonly GroupPath[])[]>(
    (lists, element) => {
      if (element.kind === 'rolluprecursive')
        throw notSupported('rolluprecursive', { target, position: element.at })
      const levels =
        element.kind === 'property'
          ? [[element]]
          : element.levels.map((_, i) => element.levels.slice(0, element.levels.length - i))
      return lists.flatMap((list) => levels.map((more) => [...list, ...more]))
    },
    [[]],
  )
