// What the parts of an OData answer share: the service's dependencies, a request, and a model with its caches.
import type { ODataSettings } from '#connectors/odata-options.ts'
import type { RowText, Source } from '#connectors/connector.ts'
import type { ModelKeeper } from '#features/data-sources/models/keeper.ts'
import type { QueryOptions } from '#odata/ast.ts'
import type { BoundQuery } from '#odata/bind/query.ts'
import type { BoundPath } from '#odata/bind/resource.ts'
import type { Model } from '#odata/edm/model.ts'
import type { JsonFormat } from '#odata/render/format.ts'
import type { ODataVersion } from '#odata/version.ts'
import type { CollectionPlan } from '#query/from-odata.ts'
import type { Row } from '#query/plan.ts'
import type { BoundedMap } from './bounded-map.ts'
import type { SealedLinks } from './sealed-links.ts'

/** Seals the text of a next link for one user, data source and query. */
export type CursorSealer = {
  readonly seal: (text: string, context: string) => string
  /** `undefined` when the token was altered or sealed for another context. */
  readonly open: (token: string, context: string) => string | undefined
}

export type ServiceDeps = {
  readonly source: Source
  /** Where the model comes from; one of its own where none is given. */
  readonly models?: ModelKeeper
  readonly sourceId: string
  /** Name of the data source; the namespace of the model. */
  readonly namespace: string
  readonly settings: ODataSettings
  readonly sealer: CursorSealer
  /** Absolute URL of the service root, without query. */
  readonly serviceRoot: string
}

export type ODataRequest = {
  readonly method: string
  /** Raw path below the service root: `''`, `/`, `/Flights(1)`. */
  readonly path: string
  /** Raw query string without `?`. */
  readonly query: string
  readonly headers: {
    readonly accept?: string | undefined
    readonly prefer?: string | undefined
    readonly 'odata-version'?: string | undefined
    readonly 'odata-maxversion'?: string | undefined
    readonly 'if-none-match'?: string | undefined
  }
}

export type ODataContext = {
  readonly userId: string
  /** How many times a new model was asked for, as of this request. */
  readonly modelDemand?: number
  readonly limits: {
    /** Rows of a query, all of its pages together (limit MaxFetchRows). */
    readonly rows: number
    /** Rows of a page, unless the data source's own option says otherwise (limit ODataPageSize). */
    readonly pageSize: number | undefined
  }
}

/** A plan, and what makes JSON of its rows: objects with commas between them. */
export type RenderedPlan = {
  readonly plan: CollectionPlan
  readonly render: (rows: readonly Row[]) => string
  /** What a source needs to make the same text itself, where it can. */
  readonly text?: Omit<RowText, 'most'> | undefined
}

/** Everything about `Set(key)` with one projection except the key. */
export type PreparedEntity = {
  readonly plan: CollectionPlan
  readonly render: (row: Row) => string
  readonly format: JsonFormat
  readonly head: string
  readonly contentType: string
}

/** Everything about a query that does not depend on the page. */
export type PreparedCollection = {
  readonly path: BoundPath
  readonly query: BoundQuery
  /** Whether only references are shown. */
  readonly isReferences: boolean
  /** Rows that the bound tree numbers. */
  readonly rows: number
  readonly head: string
  readonly canonical: string
  readonly contentType: string
  readonly format: JsonFormat
  /** Plans of the first page by the rows they fetch; each is compiled once. */
  readonly plans: BoundedMap<RenderedPlan>
}

/** `$metadata` in one form, and what its ETag is made of. */
export type MetadataDocument = { readonly text: string; readonly identity: string }

export type ModelState = {
  readonly model: Model
  readonly documents: BoundedMap<MetadataDocument>
  readonly entities: BoundedMap<PreparedEntity>
  readonly collections: BoundedMap<PreparedCollection>
  readonly options: BoundedMap<QueryOptions>
}

/** A request on its way through, its parts known. */
export type Call = {
  readonly deps: ServiceDeps
  readonly state: ModelState
  readonly request: ODataRequest
  readonly options: QueryOptions
  /** Of the protocol, as the answer speaks it. */
  readonly version: ODataVersion
  /** The links that this answer has been given so far. */
  readonly links: SealedLinks
  readonly context: ODataContext
  readonly signal: AbortSignal
}
