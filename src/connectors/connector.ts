import type { AddressPolicy } from '#egress/address-policy.ts'
import type { OutboundAnswer } from '#egress/outbound.ts'
import type { Catalog } from '#query/catalog.ts'
import type { RenderedProperty } from '#odata/render/json.ts'
import type { ReadPlan, Row, Value } from '#query/plan.ts'
import type { Capabilities } from '#query/capabilities.ts'
import type { OptionDefinition } from './option-definition.ts'

export type { OptionDefinition }

/** What a connector gets from the house when it opens a source. */
export type ConnectorContext = {
  /** Absolute path of the tenant's own files directory; nothing outside it may be opened. */
  readonly filesDirectory: string
  /** Where this server may connect to. */
  readonly addresses: AddressPolicy
}

/** What is known of the account whose token goes along. */
export type UpstreamAccount = {
  /** Salesforce: where its API answers for the account. */
  readonly instanceUrl: string | undefined
}

/** Calls of a data store's API in the name of the account of a data source; the token is added, and renewed, by the house. */
export type UpstreamCalls = {
  /**
   * The whole answer to a GET, whatever its status but for a refused token. The URL may depend on the account; undefined asks for
   * an account that is known better, and `nowhere` is the sentence where there is none. `refused` tells what else than 401 means that
   * the token is dead. Throws `UpstreamError`, and `ConnectorError` where nobody was asked.
   */
  readonly get: (call: {
    readonly url: (account: UpstreamAccount) => string | undefined
    readonly nowhere?: string
    readonly refused?: (answer: OutboundAnswer) => boolean
  }) => Promise<OutboundAnswer>
  /** Makes sure that there is a token that is good now. Throws `UpstreamError`. */
  readonly authorize: () => Promise<void>
}

/** A connector is the code for one data store. To add one: a folder and one line in `registry.ts`. */
export type Connector = {
  /** HDP's data store id. */
  readonly id: number
  readonly name: string
  readonly options: readonly OptionDefinition[]
  /** Throws a `ConnectorError` of kind `rejected` whose message names the option and its fault. */
  readonly checkOptions: (
    options: Readonly<Record<string, string>>,
    context: ConnectorContext,
  ) => void
  /** Opens a source; cheap, and safe to call again after `close`. Throws `ConnectorError`. */
  readonly open: (
    options: Readonly<Record<string, string>>,
    context: ConnectorContext,
  ) => Promise<Source>
  /**
   * Of a data store that takes OAuth (OAuth reference D): tries one small request. Throws `ConnectorError` or `UpstreamError`.
   * Others are tried by opening and describing them.
   */
  readonly test?: (options: Readonly<Record<string, string>>, calls: UpstreamCalls) => Promise<void>
  /** Options with the URL of a server that secrets or tokens of the data source are sent to. */
  readonly sendsTo?: readonly string[]
  /** Options that say which server a password of the data source is presented to, and how well protected; texts, not URLs. */
  readonly presentsTo?: readonly string[]
  /** Said by a connector that cannot read yet: its data sources are no OData services. */
  readonly readable?: false
}

/** A statement as the store would get it. */
export type ExplainedStatement = {
  /** Where it runs. */
  readonly place: 'server' | 'reader process' | 'database session'
  /** Why there and how, or what has to hold for it to be asked; a sentence without its stop. */
  readonly how: string
  readonly text: string
  /** One per placeholder, in order: the slot of the plan, and its value, `undefined` where it is looked up when the statement runs. */
  readonly parameters: readonly { readonly slot: number; readonly value: Value | undefined }[]
}

/** What a source would do for a plan. */
export type SourceExplanation = {
  /** The engine whose SQL it is. */
  readonly engine: string
  /** In the order in which they are tried; the last one answers whatever those before it do not. */
  readonly statements: readonly ExplainedStatement[]
}

/** Which text is to be made of rows: that of `createRowsRenderer` for these properties. */
export type RowText = {
  /** The n-th stands in cell n. */
  readonly properties: readonly RenderedProperty[]
  readonly ieee754: boolean
  /** Cells with the order of a row. */
  readonly orderAt: readonly number[]
  /** Rows that are shown at most; a further one only tells that there are more. */
  readonly most: number
}

export type TextBatch = {
  readonly text: string
  /** Rows in the text. */
  readonly count: number
  /** The order of the last row that was shown. */
  readonly after: readonly Value[]
  readonly hasMore: boolean
}

/** An opened data source. */
export type Source = {
  readonly capabilities: Capabilities
  /** Changes whenever the catalog may have changed; cheap enough to ask on every request. */
  readonly version: () => string
  /**
   * Tables, columns, keys and foreign keys; many of them are read without keeping requests waiting (`lib/slices.ts`). `onShare`
   * is told the share that is done (0 to 1), where it is known; what it throws ends the reading.
   */
  readonly describe: (onShare?: (share: number) => void) => Promise<Catalog>
  /**
   * Rows of a plan in batches, lazily: the next batch is not fetched before it is asked for.
   * Ending the iteration early, or aborting the signal, releases whatever the read holds.
   */
  readonly read: (plan: ReadPlan, signal: AbortSignal) => AsyncIterable<readonly Row[]>
  /**
   * The same rows as text, where a source reads in a process that can make it: a text costs the server less than the rows, and
   * the server is not kept waiting while it is made. For rows without rows inside. Throws what the renderer throws as well.
   */
  readonly readText?: (
    plan: ReadPlan,
    wanted: RowText,
    signal: AbortSignal,
  ) => AsyncIterable<TextBatch>
  /**
   * The same rows, all of them, when they are few and nobody has to be waited for; otherwise `undefined`, and
   * `read` is asked. One row by its key is read so often that an iteration would cost more than the row.
   */
  readonly readNow?: (plan: ReadPlan) => readonly Row[] | undefined
  /** The number of rows that the plan's filter lets through, without its limit and offset. */
  readonly count: (plan: ReadPlan, signal: AbortSignal) => Promise<bigint>
  /**
   * What `read` or `count` of the plan would ask of the store, without asking it for a row: the very statements, made by the same
   * step. Nothing in it tells of credentials, addresses or paths.
   */
  readonly explain: (
    plan: ReadPlan,
    what: 'rows' | 'count',
    signal: AbortSignal,
  ) => Promise<SourceExplanation>
  readonly close: () => Promise<void>
}
