// Tables and columns by the names that `$metadata` gives them.
import type { EntitySet, Model } from '#odata/edm/model.ts'
import { edmName } from '#odata/edm/names.ts'
import { contentsOf } from '../contents.ts'
import type { ReadShape } from '../plan.ts'

export type Names = {
  /** The entity set of a table. */
  readonly set: (table: string) => string
  /** The property of a column, preceded by its row: `t0.delay`. */
  readonly property: (row: number, column: string) => string
  /** Whether a statement for the shape names tables or columns that the schema map has given other names. */
  readonly differ: boolean
}

/** Whether a name of the model is only what every name of the database becomes in it. */
const tells = (name: string, physical: string): boolean =>
  name.toLowerCase() === edmName(physical).toLowerCase()

const setsByTable = ({ sets }: Model): ReadonlyMap<string, EntitySet> =>
  new Map([...sets.values()].map((set) => [set.type.table, set]))

const propertiesOf = ({ type }: EntitySet): ReadonlyMap<string, string> =>
  new Map([...type.properties.values()].map(({ column, name }) => [column, name]))

/** The names of what a shape reads. Columns of `$apply`'s stages have none but those of their own making. */
export const createNames = (model: Model, shape: ReadShape): Names => {
  const sets = setsByTable(model)
  const { tables, columns } = contentsOf(shape)
  const properties = new Map<string, ReadonlyMap<string, string>>()
  const nameOf = (row: number, column: string): string => {
    const table = tables.get(row)
    const set = table === undefined ? undefined : sets.get(table)
    if (table === undefined || set === undefined) return column
    const known = properties.get(table) ?? propertiesOf(set)
    properties.set(table, known)
    return known.get(column) ?? '?'
  }
  const isRenamed = (table: string): boolean => {
    const set = sets.get(table)
    return set === undefined || !(tells(set.type.name, table) || tells(set.name, table))
  }
  return {
    set: (table) => sets.get(table)?.name ?? '?',
    property: (row, column) => `t${row}.${nameOf(row, column)}`,
    differ:
      [...tables.values()].some(isRenamed) ||
      columns.some(({ row, name }) => !tells(nameOf(row, name), name)),
  }
}
