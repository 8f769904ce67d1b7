import type { TimeZone } from '#lib/time-zone.ts'
import type { Opaque, Zoneless } from './tables.ts'
import type { EdmType } from './types.ts'

export type Property = {
  readonly name: string
  readonly type: EdmType
  readonly nullable: boolean
  readonly maxLength: number | undefined
  readonly precision: number | undefined
  readonly scale: number | undefined
  /** The column of the table behind it. */
  readonly column: string
  /** How the store writes values that no expression can look into; `type` is what they are for the client. */
  readonly opaque?: Opaque
  /** Whether each value is a list of values of `type`. */
  readonly collection?: true
  /** Of a stamp: whether its values name no zone of their own; undefined where they all do. */
  readonly zoneless?: Zoneless
  /** The zone that it is read in, where that is another one than GMT (`zoned.ts`). */
  readonly zone?: TimeZone
}

export type NavigationProperty = {
  readonly name: string
  readonly target: string
  readonly targetSet: string
  readonly collection: boolean
  readonly nullable: boolean
  /** The navigation property that goes back. */
  readonly partner: string
  /** Pairs of property names, here and there; only on the side that holds the foreign key. */
  readonly constraints: readonly { readonly property: string; readonly referenced: string }[]
}

export type EntityType = {
  readonly name: string
  readonly table: string
  readonly key: readonly Property[]
  readonly properties: ReadonlyMap<string, Property>
  readonly navigations: ReadonlyMap<string, NavigationProperty>
  /** What `$search` looks into; `undefined` where the schema map makes nothing searchable. */
  readonly search:
    | { readonly mode: 'substring' | 'begins'; readonly properties: readonly Property[] }
    | undefined
}

export type EntitySet = { readonly name: string; readonly type: EntityType }

/** Why something of a catalog is not served, or not as the schema map says. */
export type ModelWarning = {
  readonly table: string
  /** Undefined where it is about the whole table. */
  readonly column: string | undefined
  readonly code:
    | 'columnTypeNotSupported'
    | 'keyColumnTypeNotSupported'
    | 'noPrimaryKey'
    | 'tableNotFound'
    | 'columnNotFound'
  /** What is the matter, and what the data owner can do. */
  readonly message: string
}

/** The entity data model of one data source (OData 4.01 CSDL). */
export type Model = {
  readonly namespace: string
  readonly sets: ReadonlyMap<string, EntitySet>
  /** What of the catalog is not served, and why; for the data owner. */
  readonly warnings: readonly ModelWarning[]
}
