import { isGreenwich } from '../time-zone.ts'
import type { TimeZone } from '#lib/time-zone.ts'
import type { EntitySet, EntityType, Model, Property } from './model.ts'

const withZone = (property: Property, zone: TimeZone): Property =>
  property.zoneless === undefined ? property : { ...property, zone }

const zonedType = (type: EntityType, zone: TimeZone): EntityType => {
  const properties = new Map(
    [...type.properties].map(([name, property]) => [name, withZone(property, zone)]),
  )
  const key = type.key.map((property) => properties.get(property.name) ?? property)
  return { ...type, properties, key }
}

const isZoneless = ({ type }: EntitySet): boolean =>
  [...type.properties.values()].some(({ zoneless }) => zoneless !== undefined)

/**
 * The model as it is read in a zone: its stamps without a zone are local times of that. What has none of them is the same; in GMT
 * everything is, since a stamp without a zone is GMT where nobody says otherwise.
 */
export const zonedModel = (model: Model, zone: TimeZone): Model => {
  if (isGreenwich(zone)) return model
  const sets = new Map(model.sets)
  for (const [name, set] of model.sets)
    if (isZoneless(set)) sets.set(name, { ...set, type: zonedType(set.type, zone) })
  return { ...model, sets }
}
