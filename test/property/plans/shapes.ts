// What the rows have that a random expression may speak of.
import type { EntityType, Model, NavigationProperty } from '#odata/edm/model.ts'
import { familyOf, isInteger, type EdmType } from '#odata/edm/types.ts'

/** `big` is compared and counted, not added up; neither is `average`, which engines round in their own ways. */
export type Kind =
  | 'text'
  | 'whole'
  | 'big'
  | 'number'
  | 'average'
  | 'flag'
  | 'stamp'
  | 'date'
  | 'clock'
  | 'guid'

export type Field = { readonly path: string; readonly kind: Kind }

/** Rows of an entity type, or of none; with members of their own. */
export type Shape = {
  readonly type: EntityType | undefined
  readonly fields: readonly Field[]
}

const kinds: Partial<Record<ReturnType<typeof familyOf>, Kind>> = {
  string: 'text',
  boolean: 'flag',
  datetime: 'stamp',
  date: 'date',
  time: 'clock',
  guid: 'guid',
}

const kindOf = (type: EdmType): Kind => {
  if (type === 'Edm.Int64') return 'big'
  if (familyOf(type) === 'number') return isInteger(type) ? 'whole' : 'number'
  return kinds[familyOf(type)] ?? 'text'
}

export const shapeOf = (type: EntityType): Shape => ({
  type,
  fields: [...type.properties.values()].map(({ name, type: of }) => ({
    path: name,
    kind: kindOf(of),
  })),
})

export const targetOf = ({ sets }: Model, { targetSet }: NavigationProperty): EntityType => {
  const set = sets.get(targetSet)
  if (set === undefined) throw new TypeError(`There is no set '${targetSet}'`)
  return set.type
}

export const navigationsOf = (
  { type }: Shape,
  collection: boolean,
): readonly NavigationProperty[] =>
  [...(type?.navigations.values() ?? [])].filter((each) => each.collection === collection)

/** Members, and those of entities that so many steps lead to. */
export const fieldsOf = (model: Model, shape: Shape, steps: number): readonly Field[] => {
  if (steps === 0) return shape.fields
  const further = navigationsOf(shape, false).flatMap((navigation) =>
    fieldsOf(model, shapeOf(targetOf(model, navigation)), steps - 1).map(({ path, kind }) => ({
      path: `${navigation.name}/${path}`,
      kind,
    })),
  )
  return [...shape.fields, ...further]
}
