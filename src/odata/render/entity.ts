// Entities as OData JSON, with what is expanded in them to any depth (JSON Format 4.01 sections 8 and 11).
import type { EntitySet } from '../edm/model.ts'
import { createRowRenderer, type RawCell } from './json.ts'
import type { ExpandLayout, Layout } from './layout.ts'
import { entityPath } from './links.ts'

type Row = readonly RawCell[]

/** What rendering needs beside the rows. */
export type RenderContext = {
  readonly ieee754: boolean
  /** The link to what follows the rows of an expanded collection: its owner's key, and the order of the last row shown. */
  readonly nested: (
    layout: ExpandLayout,
    ownerKey: readonly RawCell[],
    after: readonly RawCell[],
  ) => string
}

const cellsAt = (row: Row, at: readonly number[]): Row => at.map((i) => row[i] ?? null)

const rowsIn = (cell: RawCell | undefined): readonly Row[] => {
  if (!Array.isArray(cell)) throw new TypeError('Expected the rows of an expanded property')
  return cell as readonly Row[]
}

/** A reference to an entity, without the braces (JSON Format 4.01 section 14). */
export const renderReferenceMembers = (set: EntitySet, key: Row): string =>
  `"@odata.id":${JSON.stringify(entityPath(set, key))}`

const renderExpanded = (
  whole: ExpandLayout,
  context: RenderContext,
): ((row: Row, ownerKey: Row) => string) => {
  const { expand, at, countAt, layout, size } = whole
  const { name, navigation, what, query } = expand
  const quoted = JSON.stringify(name)
  const annotation = (term: string) => JSON.stringify(`${name}@odata.${term}`)
  const members = createEntityRenderer(layout, context)
  const one =
    what === 'ref'
      ? (row: Row) => `{${renderReferenceMembers(query.set, cellsAt(row, layout.keyAt))}}`
      : (row: Row) => `{${members(row)}}`
  return (row, ownerKey) => {
    const total = countAt === undefined ? undefined : String(row[countAt])
    const number = context.ieee754 ? `"${total}"` : total
    const count = total === undefined ? '' : `${annotation('count')}:${number}`
    if (at === undefined) return count
    const rows = rowsIn(row[at])
    const [first] = rows
    if (!navigation.collection) return `${quoted}:${first === undefined ? 'null' : one(first)}`
    const shown = rows.length > size ? rows.slice(0, size) : rows
    const last = rows.length > size ? shown.at(-1) : undefined
    const link =
      last === undefined
        ? ''
        : `,${annotation('nextLink')}:${JSON.stringify(context.nested(whole, ownerKey, cellsAt(last, layout.orderAt)))}`
    const list = `${quoted}:[${shown.map(one).join(',')}]${link}`
    return count === '' ? list : `${count},${list}`
  }
}

/** Makes the function that renders the members of one row, without the braces. */
export const createEntityRenderer = (
  { properties, expands, keyAt }: Layout,
  context: RenderContext,
): ((row: Row) => string) => {
  const plain = createRowRenderer(properties, context.ieee754)
  if (expands.length === 0) return plain
  const expanded = expands.map((expand) => renderExpanded(expand, context))
  return (row) => {
    const ownerKey = cellsAt(row, keyAt)
    const own = properties.length === 0 ? [] : [plain(row)]
    return [...own, ...expanded.map((render) => render(row, ownerKey))].join(',')
  }
}
