import { lazyMap } from '#lib/lazy-map.ts'
import type { TimeZone } from '#lib/time-zone.ts'
import { isGreenwich } from '../time-zone.ts'
import type { EntitySet, EntityType, Model, Property } from './model.ts'

const withZone = (property: Property, zone: TimeZone): Property =>
  property.zoneless === undefined ? property : { ...property, zone }

const membersIn = (type: EntityType, zone: TimeZone): Pick<EntityType, 'properties' | 'key'> => {
  const all = [...type.properties.values()]
  if (all.every(({ zoneless }) => zoneless === undefined)) return type
  const properties = new Map(all.map((property) => [property.name, withZone(property, zone)]))
  return { properties, key: type.key.map((key) => properties.get(key.name) ?? key) }
}

/** A type whose properties are looked at when somebody asks for them: who looks for a set goes through all types. */
const zonedType = (type: EntityType, zone: TimeZone): EntityType => {
  let members: ReturnType<typeof membersIn> | undefined
  const known = () => (members ??= membersIn(type, zone))
  return {
    ...type,
    get properties() {
      return known().properties
    },
    get key() {
      return known().key
    },
  }
}

/**
 * The model as it is read in a zone: its stamps without a zone are local times of that. Each set is made when it is first asked
 * for, since a request needs few and names any zone it likes. In GMT the model is the same, since a stamp without a zone is GMT
 * where nobody says otherwise.
 */
export const zonedModel = (model: Model, zone: TimeZone): Model => {
  if (isGreenwich(zone)) return model
  const zoned = (set: EntitySet): EntitySet => ({ ...set, type: zonedType(set.type, zone) })
  return { ...model, sets: lazyMap(model.sets, zoned) }
}
