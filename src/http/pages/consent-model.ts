import type { ConsentDataSource } from './consent-sources.ts'
import type { PageBase } from './layout.ts'

export interface ConsentPage extends PageBase {
  readonly action: string
  readonly csrf: string
  readonly application: {
    readonly name: string
    readonly description?: string
    readonly ownerName: string
    readonly registeredAt: Date
  }
  /** The host of the redirect URI; unused when `customScheme` is set. */
  readonly redirectHost: string
  readonly loopback: boolean
  /** Without its colon: `myapp`. */
  readonly customScheme?: string
  /** The scope's name for people: 'Allow data access via OData'. */
  readonly scopeInWords: string
  readonly user: { readonly name: string }
  readonly dataSources: readonly ConsentDataSource[]
  readonly laterTicked: boolean
  /** Ids that are ticked; all when absent. For showing the page again, and for tickNoneHref. */
  readonly ticked?: readonly string[]
  /** Links to this page with nothing or everything ticked: one of 200 is then one tick away. */
  readonly tickNoneHref?: string
  readonly tickAllHref?: string
  /** Where a form posts (with `csrf`) to sign out and begin this request again. */
  readonly switchAccountAction: string
  readonly problem?: string
}
