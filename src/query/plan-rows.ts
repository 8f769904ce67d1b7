// The rows of a plan while it is made: which query each belongs to, and what is joined to it.
import type { Instance } from '#odata/bind/bound.ts'
import type { EntityType, NavigationProperty } from '#odata/edm/model.ts'
import type { Column, Expression, Join, ReadShape } from './plan.ts'

/** One query of a plan while it is made: its own rows and what is joined to them. */
export type Level = { readonly joins: Join[] }

/** Pairs of columns that are equal where the navigation property leads from the one row to the other. */
export const pairsOf = (
  navigation: NavigationProperty,
  from: { readonly row: number; readonly type: EntityType },
  to: { readonly row: number; readonly type: EntityType },
): Join['on'] => {
  const back = to.type.navigations.get(navigation.partner)
  const forward = navigation.constraints.length > 0
  const constraints = forward ? navigation.constraints : (back?.constraints ?? [])
  const column = (side: typeof from, name: string): Column => {
    const property = side.type.properties.get(name)
    if (property === undefined) throw new TypeError(`'${side.type.name}' has no '${name}'`)
    const { column: columnName, type, nullable } = property
    return { kind: 'column', row: side.row, name: columnName, type, nullable }
  }
  if (constraints.length === 0)
    throw new TypeError(`'${navigation.name}' has no referential constraint`)
  return constraints.map(({ property, referenced }) => ({
    left: column(from, forward ? property : referenced),
    right: column(to, forward ? referenced : property),
  }))
}

/** The conditions of a join as a filter, where the join is that of a nested query with the one around it. */
export const correlation = (on: Join['on']): readonly Expression[] =>
  on.map(({ left, right }) => ({ kind: 'compare', operator: 'eq', left: right, right: left }))

/** Reads nothing yet: to be completed by what asks for it. */
export const emptyShape = (row: number, table: string): ReadShape => ({
  from: { kind: 'table', row, table },
  joins: [],
  outputs: [],
  filter: undefined,
  groupBy: undefined,
  order: [],
  after: undefined,
  limit: undefined,
  offset: undefined,
})

/** Levels by row, and the rows that navigation properties lead to, each joined once. */
export const createRows = (firstFree: number) => {
  const levels = new Map<number, Level>()
  const steps = new Map<string, number>()
  let free = firstFree
  // A path is read once for each sequence of $apply, and joined anew in each.
  const open = (row: number): Level => {
    const level: Level = { joins: [] }
    levels.set(row, level)
    for (const key of steps.keys()) if (key.startsWith(`${row}/`)) steps.delete(key)
    return level
  }
  const include = (row: number, level: Level): void => void levels.set(row, level)
  const rowOf = (instance: Instance): number => {
    if (instance.kind === 'row') return instance.id
    const from = rowOf(instance.from)
    const key = `${from}/${instance.navigation.name}`
    const known = steps.get(key)
    if (known !== undefined) return known
    const level = levels.get(from)
    if (level === undefined) throw new TypeError('A row of no query')
    const row = free++
    const on = pairsOf(
      instance.navigation,
      { row: from, type: instance.from.type },
      { row, type: instance.type },
    )
    level.joins.push({ row, table: instance.type.table, on, inner: false })
    levels.set(row, level)
    steps.set(key, row)
    return row
  }
  return { open, include, rowOf }
}
