// Rows that `$apply` made (OData Data Aggregation 4.0 section 4; data access reference A.5): no entities, so without an id,
// and with the types that JSON does not tell.
import type { Property } from '../edm/model.ts'
import { controlName, isTypeHidden, primitiveType, type JsonFormat } from './format.ts'
import { createValueRenderer, type RawCell, valueIn } from './json.ts'

type Member =
  | { readonly name: string; readonly at: number; readonly property: Property }
  | { readonly name: string; readonly members: Member[] }

/** `Customer/Country` becomes a member of the member `Customer`. */
const treeOf = (properties: readonly Property[]): readonly Member[] => {
  const root: Member[] = []
  for (const [at, property] of properties.entries()) {
    const path = property.name.split('/')
    const name = path.pop() ?? ''
    let members = root
    for (const step of path) {
      let inner = members.find((member) => member.name === step && 'members' in member)
      if (inner === undefined || !('members' in inner)) {
        inner = { name: step, members: [] }
        members.push(inner)
      }
      members = inner.members
    }
    members.push({ name, at, property })
  }
  return root
}

type Render = (row: readonly RawCell[]) => string

export type AggregatedOptions = {
  readonly format: JsonFormat
  /** The qualified name of the entity type that the rows began as. */
  readonly typeName: string
  /** Whether a member is none of that type, so that nobody knows its type from the model. */
  readonly isDynamic: (name: string) => boolean
}

const renderMembers = (members: readonly Member[], how: AggregatedOptions): Render => {
  const { format, isDynamic } = how
  const parts = members.map((member): Render => {
    const quoted = JSON.stringify(member.name)
    if ('members' in member) {
      const inner = renderMembers(member.members, how)
      return (row) => `${quoted}:{${inner(row)}}`
    }
    const { type, name } = member.property
    const value = createValueRenderer(member.property, format.ieee754)
    const isTold = format.metadata === 'full' || (format.metadata === 'minimal' && isDynamic(name))
    const typed = `${controlName(format, 'type', member.name)}:${primitiveType(format, member.property)},`
    return (row) => {
      const text = value(valueIn(row[member.at]))
      return `${isTold && isTypeHidden(type, text) ? typed : ''}${quoted}:${text}`
    }
  })
  return (row) => parts.map((part) => part(row)).join(',')
}

/** Makes the function that renders the members of a row, without the braces. */
export const createAggregatedRenderer = (
  properties: readonly Property[],
  how: AggregatedOptions,
): Render => {
  const { format, typeName } = how
  const members = renderMembers(treeOf(properties), how)
  if (format.metadata === 'none') return members
  const type = `${controlName(format, 'type')}:${JSON.stringify(`#${typeName}`)}`
  const head = `${type},${controlName(format, 'id')}:null${properties.length > 0 ? ',' : ''}`
  return (row) => head + members(row)
}
