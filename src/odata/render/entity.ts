// Entities as OData JSON, with what is expanded in them to any depth (JSON Format 4.01 sections 8 and 11).
import type { EntitySet } from '../edm/model.ts'
import { controlName, type JsonFormat } from './format.ts'
import { createFullRenderer } from './full.ts'
import { createRowRenderer, type RawCell } from './json.ts'
import type { ExpandLayout, Layout } from './layout.ts'
import { absolute, createEntityPath } from './links.ts'

type Row = readonly RawCell[]

/** Renders the members of one row, without the braces. */
export type RenderMembers = (row: Row) => string

/** What rendering needs beside the rows. */
export type RenderContext = {
  readonly format: JsonFormat
  /** The namespace of the model, which the names of types begin with. */
  readonly namespace: string
  readonly serviceRoot: string
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

/**
 * Makes the function that renders a reference to an entity by its key, without the braces (JSON Format 4.01 section
 * 14). The id is all there is of it, so it stands there at every level of metadata: relative to the context, or
 * absolute where the answer has none or is to tell everything.
 */
export const createReferenceRenderer = (
  set: EntitySet,
  { format, serviceRoot }: Pick<RenderContext, 'format' | 'serviceRoot'>,
): RenderMembers => {
  const pathOf = createEntityPath(set)
  const name = controlName(format, 'id')
  const isRelative = format.metadata === 'minimal'
  return (key) => {
    const path = pathOf(key)
    return `${name}:${JSON.stringify(isRelative ? path : absolute(serviceRoot, path))}`
  }
}

const createOne = ({ expand, layout }: ExpandLayout, context: RenderContext): RenderMembers => {
  if (expand.what !== 'ref') return createEntityRenderer(layout, context)
  const reference = createReferenceRenderer(expand.query.set, context)
  return (row) => reference(cellsAt(row, layout.keyAt))
}

const renderExpanded = (
  whole: ExpandLayout,
  ownerAt: readonly number[],
  context: RenderContext,
): RenderMembers => {
  const { expand, at, countAt, layout, size } = whole
  const { name, navigation } = expand
  const { format } = context
  const quoted = JSON.stringify(name)
  const [countName, linkName] = [
    controlName(format, 'count', name),
    controlName(format, 'nextLink', name),
  ]
  const members = createOne(whole, context)
  const one = (row: Row) => `{${members(row)}}`
  return (row) => {
    const total = countAt === undefined ? undefined : String(row[countAt])
    const number = format.ieee754 ? `"${total}"` : total
    const count = total === undefined ? '' : `${countName}:${number}`
    if (at === undefined) return count
    const rows = rowsIn(row[at])
    const [first] = rows
    if (!navigation.collection) return `${quoted}:${first === undefined ? 'null' : one(first)}`
    const shown = rows.length > size ? rows.slice(0, size) : rows
    const last = rows.length > size ? shown.at(-1) : undefined
    const link =
      last === undefined
        ? ''
        : `,${linkName}:${JSON.stringify(context.nested(whole, cellsAt(row, ownerAt), cellsAt(last, layout.orderAt)))}`
    const list = `${quoted}:[${shown.map(one).join(',')}]${link}`
    return count === '' ? list : `${count},${list}`
  }
}

/** Makes the function that renders the members of one row, without the braces. */
export const createEntityRenderer = (layout: Layout, context: RenderContext): RenderMembers => {
  const { properties, expands, keyAt } = layout
  const expanded = expands.map((expand) => renderExpanded(expand, keyAt, context))
  if (context.format.metadata === 'full') {
    const byName = expands.map(({ expand }, i) => [expand.name, expanded[i]] as const)
    return createFullRenderer(layout, context, new Map(byName as [string, RenderMembers][]))
  }
  const plain = createRowRenderer(properties, context.format.ieee754)
  if (expands.length === 0) return plain
  const all = properties.length === 0 ? expanded : [plain, ...expanded]
  return (row) => all.map((render) => render(row)).join(',')
}
