// What a shape is made of, wherever in it that is.
import type { EdmType } from '#odata/edm/types.ts'
import type { Column, ReadShape } from './plan.ts'

/** What the value of a slot is for: the query itself, how many rows are asked for, or where a page goes on. */
export type SlotUse = 'query' | 'page' | 'cursor'

export type ShapeContents = {
  /** Tables by the rows that are theirs. */
  readonly tables: ReadonlyMap<number, string>
  readonly columns: readonly Column[]
  /** By number. */
  readonly slots: ReadonlyMap<number, { readonly type: EdmType; readonly use: SlotUse }>
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const isColumn = (node: object): node is Column => 'kind' in node && node.kind === 'column'

const isSlot = (node: object): node is { readonly index: number; readonly type: EdmType } =>
  'kind' in node && node.kind === 'slot'

const isTable = (node: object): node is { readonly row: number; readonly table: string } =>
  'table' in node && typeof node.table === 'string'

const uses: Readonly<Record<string, SlotUse>> = { limit: 'page', offset: 'page', after: 'cursor' }

/** The tables, columns and slots of a shape, those of nested queries included. */
export const contentsOf = (shape: ReadShape): ShapeContents => {
  const tables = new Map<number, string>()
  const columns: Column[] = []
  const slots = new Map<number, { readonly type: EdmType; readonly use: SlotUse }>()
  const visit = (node: unknown, use: SlotUse): void => {
    if (!isObject(node)) return
    if (isTable(node)) tables.set(node.row, node.table)
    if (isColumn(node)) columns.push(node)
    if (isSlot(node)) slots.set(node.index, { type: node.type, use })
    for (const [name, inner] of Object.entries(node)) visit(inner, uses[name] ?? use)
  }
  visit(shape, 'query')
  return { tables, columns, slots }
}
