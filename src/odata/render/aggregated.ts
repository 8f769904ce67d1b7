// Rows that `$apply` made (OData Data Aggregation 4.0 section 4; data access reference A.5): no entities, so without an id,
// and with the types that JSON does not tell.
import type { Property } from '../edm/model.ts'
import type { EdmType } from '../edm/types.ts'
import { createValueRenderer, type RawCell, type RawValue } from './json.ts'

/** What JSON says by itself (JSON Format 4.01 section 4.6.3). */
const told: ReadonlySet<EdmType> = new Set(['Edm.String', 'Edm.Boolean', 'Edm.Double'])

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

const valueIn = (cell: RawCell | undefined): RawValue => {
  if (Array.isArray(cell)) throw new TypeError('Rows stand where a value is expected')
  return (cell ?? null) as RawValue
}

type Render = (row: readonly RawCell[]) => string

export type AggregatedOptions = {
  readonly ieee754: boolean
  /** The prefix of control information, `odata.` or nothing; undefined leaves all of it out. */
  readonly control: string | undefined
  /** The qualified name of the entity type that the rows began as. */
  readonly typeName: string
  /** Whether a member is none of that type, so that nobody knows its type from the model. */
  readonly isDynamic: (name: string) => boolean
}

const renderMembers = (members: readonly Member[], how: AggregatedOptions): Render => {
  const { ieee754, control, isDynamic } = how
  const parts = members.map((member): Render => {
    const quoted = JSON.stringify(member.name)
    if ('members' in member) {
      const inner = renderMembers(member.members, how)
      return (row) => `${quoted}:{${inner(row)}}`
    }
    const { type, name } = member.property
    const value = createValueRenderer(member.property, ieee754)
    const annotation =
      control !== undefined && isDynamic(name) && !told.has(type)
        ? `${JSON.stringify(`${member.name}@${control}type`)}:"#${type.slice('Edm.'.length)}",`
        : ''
    return (row) => `${annotation}${quoted}:${value(valueIn(row[member.at]))}`
  })
  return (row) => parts.map((part) => part(row)).join(',')
}

/** Makes the function that renders the members of a row, without the braces. */
export const createAggregatedRenderer = (
  properties: readonly Property[],
  how: AggregatedOptions,
): Render => {
  const { control, typeName } = how
  const members = renderMembers(treeOf(properties), how)
  const head =
    control === undefined
      ? ''
      : `"@${control}type":${JSON.stringify(`#${typeName}`)},"@${control}id":null${properties.length > 0 ? ',' : ''}`
  return (row) => head + members(row)
}
