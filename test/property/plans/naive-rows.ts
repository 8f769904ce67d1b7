// Rows in memory and expressions over them: what a request means, said once more in the plainest way, from its parsed text.
import type { ODataExpression, PathSegment } from '#odata/ast.ts'
import type { EntityType, Model, NavigationProperty } from '#odata/edm/model.ts'
import type { TestTable } from '#test/contract/connectors/tables.ts'
import { calculate, call, compare, plainLiteral, plainOf, type Plain } from './naive-value.ts'
import { targetOf } from './shapes.ts'

/** An entity, or what `$apply` made: then it has no type. Members of related entities are named by their path. */
export type Row = {
  readonly type: EntityType | undefined
  readonly values: ReadonlyMap<string, Plain>
}

export type World = {
  readonly model: Model
  readonly rowsOf: (type: EntityType) => readonly Row[]
}

/** What an expression is about. */
export type Around = {
  readonly world: World
  readonly here: Row
  readonly variables: ReadonlyMap<string, Row>
}

export const worldOf = (model: Model, tables: readonly TestTable[]): World => {
  const rows = new Map<string, readonly Row[]>()
  for (const { type } of model.sets.values()) {
    const table = tables.find(({ name }) => name === type.table)
    if (table === undefined) continue
    const at = (column: string) => table.columns.findIndex(({ name }) => name === column)
    const made = table.rows.map((row): Row => {
      const values = [...type.properties.values()].map(
        ({ name, type: of, column }) => [name, plainOf(row[at(column)] ?? null, of)] as const,
      )
      return { type, values: new Map(values) }
    })
    rows.set(type.name, made)
  }
  return { model, rowsOf: ({ name }) => rows.get(name) ?? [] }
}

export const member = (row: Row, name: string): Plain => row.values.get(name) ?? null

/** All rows that a navigation property leads to: those that have the same values in the columns of the reference. */
export const related = (
  { model, rowsOf }: World,
  row: Row,
  navigation: NavigationProperty,
): readonly Row[] => {
  const target = targetOf(model, navigation)
  const back = target.navigations.get(navigation.partner)
  const pairs =
    navigation.constraints.length > 0
      ? navigation.constraints.map(({ property, referenced }) => [property, referenced] as const)
      : (back?.constraints ?? []).map(({ property, referenced }) => [referenced, property] as const)
  return rowsOf(target).filter((other) =>
    pairs.every(([mine, theirs]) => {
      const own = member(row, mine)
      return own !== null && own === member(other, theirs)
    }),
  )
}

type Found = Plain | Row | readonly Row[]

const isRows = (found: Found): found is readonly Row[] => Array.isArray(found)
const isRow = (found: Found): found is Row =>
  typeof found === 'object' && found !== null && !isRows(found)

const ofRows = (rows: readonly Row[], segment: PathSegment, around: Around): Found => {
  const holds = (condition: ODataExpression, row: Row, variable?: string) =>
    truthOf(
      condition,
      variable === undefined
        ? { ...around, here: row }
        : { ...around, variables: new Map([...around.variables, [variable, row]]) },
    ) === true
  switch (segment.kind) {
    case 'filter':
      return rows.filter((row) => holds(segment.condition, row))
    case 'count': {
      const { filter } = segment
      return BigInt(rows.filter((row) => filter === undefined || holds(filter, row)).length)
    }
    case 'any':
    case 'all': {
      const { kind, predicate, variable = '' } = segment
      if (predicate === undefined) return rows.length > 0
      return kind === 'any'
        ? rows.some((row) => holds(predicate, row, variable))
        : rows.every((row) => holds(predicate, row, variable))
    }
    default:
      throw new TypeError(`The naive evaluator knows no ${segment.kind} here`)
  }
}

const ofRow = (row: Row, segment: PathSegment, around: Around): Found => {
  if (segment.kind !== 'name') throw new TypeError(`${segment.kind} of one row`)
  const { name } = segment
  if (row.values.has(name)) return member(row, name)
  const navigation = row.type?.navigations.get(name)
  // Of rows that were put together, some have what others lack.
  if (navigation === undefined) return null
  const rows = related(around.world, row, navigation)
  return navigation.collection ? rows : (rows[0] ?? null)
}

const find = (path: Extract<ODataExpression, { kind: 'path' }>, around: Around): Found => {
  let segments = path.segments
  const names = segments.map((segment) => (segment.kind === 'name' ? segment.name : ''))
  const grouped = names.join('/')
  if (around.here.values.has(grouped)) return member(around.here, grouped)
  let found: Found = around.here
  const variable = around.variables.get(names[0] ?? '')
  if (variable !== undefined) {
    found = variable
    segments = segments.slice(1)
  }
  for (const segment of segments) {
    if (found === null) return null
    if (isRows(found)) found = ofRows(found, segment, around)
    else if (isRow(found)) found = ofRow(found, segment, around)
    else throw new TypeError('A path below a value')
  }
  return found
}

/** The entity that a path leads to, if it does. */
export const entityAt = (expression: ODataExpression, around: Around): Row | undefined => {
  const found = expression.kind === 'path' ? find(expression, around) : null
  return isRow(found) ? found : undefined
}

/** Three values (OData 4.01 URL 5.1.1.1.7). */
const truthOf = (expression: ODataExpression, around: Around): boolean | null => {
  const value = valueOf(expression, around)
  return value === null ? null : value === true
}

const junction = (values: readonly (boolean | null)[], deciding: boolean): boolean | null => {
  if (values.includes(deciding)) return deciding
  return values.includes(null) ? null : !deciding
}

/** The value of an expression; an entity that is there stands for something that is not null. */
export const valueOf = (expression: ODataExpression, around: Around): Plain => {
  const of = (inner: ODataExpression): Plain => valueOf(inner, around)
  switch (expression.kind) {
    case 'literal':
      return plainLiteral(expression)
    case 'path': {
      const found = find(expression, around)
      if (isRows(found)) throw new TypeError('Rows are no value')
      return isRow(found) ? true : found
    }
    case 'call':
      return call(expression.name, expression.args.map(of))
    case 'compare':
      return compare(expression.operator, of(expression.left), of(expression.right))
    case 'arithmetic':
      return calculate(expression.operator, of(expression.left), of(expression.right))
    case 'negate':
      return calculate('mul', of(expression.operand), -1n)
    case 'and':
    case 'or':
      return junction(
        expression.operands.map((operand) => truthOf(operand, around)),
        expression.kind === 'or',
      )
    case 'not': {
      const value = truthOf(expression.operand, around)
      return value === null ? null : !value
    }
    case 'in': {
      const { items } = expression
      if ('kind' in items) throw new TypeError('A list is expected')
      const value = of(expression.operand)
      return items.some((item) => compare('eq', value, of(item)))
    }
    case 'case': {
      const branch = expression.branches.find(({ when }) => truthOf(when, around) === true)
      return branch === undefined ? null : of(branch.value)
    }
    default:
      throw new TypeError(`The naive evaluator knows no ${expression.kind}`)
  }
}

export const holds = (condition: ODataExpression, world: World, row: Row): boolean =>
  truthOf(condition, { world, here: row, variables: new Map() }) === true

export const valueIn = (expression: ODataExpression, world: World, row: Row): Plain =>
  valueOf(expression, { world, here: row, variables: new Map() })
