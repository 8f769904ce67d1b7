// Which properties are read for a row, and how it is written, by the level of metadata (JSON Format 3.1).
import type { BoundSelect } from '../bind-request.ts'
import type { EntitySet, Property } from '../edm/model.ts'
import type { ODataVersion } from '../version.ts'
import { createFullRenderer } from './full.ts'
import { createRowRenderer, type RawValue } from './json.ts'

export type LayoutRequest = {
  readonly set: EntitySet
  readonly select: BoundSelect
  readonly namespace: string
  readonly serviceRoot: string
  readonly format: {
    readonly metadata: 'none' | 'minimal' | 'full'
    readonly ieee754: boolean
    readonly version: ODataVersion
  }
}

export type Layout = {
  /** What a row holds, in its order. With full metadata the key is among it, selected or not: links are made of it. */
  readonly properties: readonly Property[]
  /** The members of a row, without the braces. */
  readonly render: (row: readonly RawValue[]) => string
  /** Whether every row is `{}`. */
  readonly isEmpty: boolean
}

export const createLayout = (request: LayoutRequest): Layout => {
  const { set, select, format } = request
  const shown = select.properties
  if (format.metadata !== 'full') {
    const render = createRowRenderer(shown, format.ieee754)
    return { properties: shown, render, isEmpty: shown.length === 0 }
  }
  const properties = [...shown, ...set.type.key.filter((property) => !shown.includes(property))]
  return { properties, render: createFullRenderer(request, properties), isEmpty: false }
}
