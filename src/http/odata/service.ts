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
import type { CollectionForm } from './format.ts'
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
  /** The time of day, in milliseconds since 1970; the machine's where none is given. */
  readonly clock?: () => number
}

/** Longer URLs are refused before they are looked at (threat T70). */
export const longestUrl = 32_768

/** A next link spells a query anew, each character of it in up to three. */
export const longestLink = 4 * longestUrl

/** Whether a query comes from a next link. */
export const isLink = (query: string): boolean => /(?:^|&)(?:\$|%24)skiptoken=/i.test(query)

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
    readonly 'ddcloud-timezone'?: string | undefined
  }
}

export type ODataContext = {
  readonly userId: string
  /** How many times a new model was asked for, as of this request. */
  readonly modelDemand?: number
  /** Whether who reads may see how the data source is set up, names of the database included. */
  readonly seesSetUp?: boolean
  readonly limits: {
    /** Rows of a query, all of its pages together (limit MaxFetchRows). */
    readonly rows: number
    /** Rows of a page, unless the data source's own option says otherwise (limit ODataPageSize). */
    readonly pageSize: number | undefined
  }
}

type RenderRow = (row: Row) => string

/** A plan, and what makes text of its rows. */
export type RenderedPlan = {
  readonly plan: CollectionPlan
  readonly render: RenderRow
  /** The same for many rows at once, as objects with commas between them, where that is worth a way of its own. */
  readonly together?: (rows: readonly Row[]) => string
  /** What a source needs to make that text itself, where it can. */
  readonly text?: Omit<RowText, 'most'>
}

/** Everything about `Set(key)` with one projection except the key. */
export type PreparedEntity = Pick<RenderedPlan, 'plan' | 'render'> & {
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
  readonly form: CollectionForm
  /** What stands before the rows. */
  readonly head: string
  readonly canonical: string
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
  /** The same as other zones read it, by the id of the zone. */
  readonly zones: BoundedMap<ModelState>
}

/** A request on its way through, its parts known. */
export type Call = {
  readonly deps: ServiceDeps
  readonly state: ModelState
  readonly request: ODataRequest
  /** Their time zone is the one that counts, wherever it was said; none where nobody said one. */
  readonly options: QueryOptions
  /** When the request came, as a stamp in GMT. */
  readonly now: string
  /** Of the protocol, as the answer speaks it. */
  readonly version: ODataVersion
  /** The links that this answer has been given so far. */
  readonly links: SealedLinks
  readonly context: ODataContext
  readonly signal: AbortSignal
}
