// Navigation properties of foreign keys. A to-one property is called like the referenced type, a to-many
// like the set it leads to; where that name is taken or wanted twice, `_<column>` of the foreign key follows.
import type { EntityType, NavigationProperty, Property } from './model.ts'
import { claimName, edmName } from './names.ts'
import type { ForeignKeyShape, TableShape } from './tables.ts'

export type MutableType = EntityType & {
  readonly navigations: Map<string, NavigationProperty>
  readonly byColumn: ReadonlyMap<string, Property>
  readonly shape: TableShape
}

type Found = { readonly name: string; readonly type: MutableType }

type Link = {
  readonly from: Found
  readonly to: Found
  readonly columns: readonly Property[]
  readonly referenced: readonly Property[]
}

const linkOf = (
  from: Found,
  key: ForeignKeyShape,
  byTable: ReadonlyMap<string, Found>,
): Link | undefined => {
  const to = byTable.get(key.table)
  if (to === undefined) return undefined
  const columns = key.columns.flatMap((column) => from.type.byColumn.get(column) ?? [])
  const referenced = key.referencedColumns.flatMap((column) => to.type.byColumn.get(column) ?? [])
  const whole = columns.length === key.columns.length && referenced.length === columns.length
  return whole ? { from, to, columns, referenced } : undefined
}

/** Fills in the navigation properties of all types; yields the share that is done. */
export const addNavigations = function* (sets: readonly Found[]): Generator<number, void> {
  const byTable = new Map(sets.map((set) => [set.type.table, set]))
  const links = sets.flatMap((from) =>
    from.type.shape.foreignKeys.flatMap((key) => linkOf(from, key, byTable) ?? []),
  )
  const taken = new Map(
    sets.map(({ type }) => [type, new Set([type.name, ...type.properties.keys()])]),
  )
  const wanted = new Map<string, number>()
  const mark = (type: MutableType, name: string) => {
    const id = `${type.name}/${name}`
    wanted.set(id, (wanted.get(id) ?? 0) + 1)
  }
  for (const { from, to } of links) {
    mark(from.type, to.type.name)
    mark(to.type, from.name)
  }
  const nameIn = (type: MutableType, plain: string, columns: readonly Property[]): string => {
    const names = taken.get(type) ?? new Set()
    const clash = names.has(plain) || (wanted.get(`${type.name}/${plain}`) ?? 0) > 1
    const suffix = columns.map(({ column }) => `_${edmName(column)}`).join('')
    return claimName(clash ? plain + suffix : plain, names)
  }
  for (const [index, { from, to, columns, referenced }] of links.entries()) {
    yield index / links.length
    const there = nameIn(from.type, to.type.name, columns)
    const back = nameIn(to.type, from.name, columns)
    from.type.navigations.set(there, {
      name: there,
      target: to.type.name,
      targetSet: to.name,
      collection: false,
      nullable: columns.some(({ nullable }) => nullable),
      partner: back,
      constraints: columns.map((property, i) => ({
        property: property.name,
        referenced: referenced[i]?.name ?? '',
      })),
    })
    to.type.navigations.set(back, {
      name: back,
      target: from.type.name,
      targetSet: from.name,
      collection: true,
      nullable: false,
      partner: there,
      constraints: [],
    })
  }
}
