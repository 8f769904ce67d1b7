import { Refusal } from '#lib/refusal.ts'
import { clientApplicationsRefusals } from './refusals/client-applications.ts'
import { dataSourcesRefusals } from './refusals/data-sources.ts'
import { generalRefusals } from './refusals/general.ts'
import { limitsRefusals } from './refusals/limits.ts'
import { oauthApplicationsRefusals } from './refusals/oauth-applications.ts'
import { oauthConnectionsRefusals } from './refusals/oauth-connections.ts'
import { oauthProfilesRefusals } from './refusals/oauth-profiles.ts'
import { passwordsRefusals } from './refusals/passwords.ts'
import { rolesRefusals } from './refusals/roles.ts'
import { tenantsRefusals } from './refusals/tenants.ts'
import { upstreamRefusals } from './refusals/upstream.ts'
import { usersRefusals } from './refusals/users.ts'
import type { RefusalRow } from './refusals/row.ts'

export type { RefusalRow }

/** The catalogue, a file a noun. Numbers in 222208400–222208499 are our own; a retired number is never reused. */
export const refusals = {
  ...generalRefusals,
  ...usersRefusals,
  ...passwordsRefusals,
  ...rolesRefusals,
  ...tenantsRefusals,
  ...clientApplicationsRefusals,
  ...dataSourcesRefusals,
  ...oauthApplicationsRefusals,
  ...oauthProfilesRefusals,
  ...oauthConnectionsRefusals,
  ...limitsRefusals,
  ...upstreamRefusals,
} as const satisfies Readonly<Record<string, RefusalRow>>

export type RefusalName = keyof typeof refusals

/** What hangs on something that was to be deleted; without its name for who may not see that. */
export type Dependent = { readonly kind: string; readonly id: number; readonly name?: string }

/** A refusal of the management surface: a row of the catalogue, and what exactly was wrong. */
export class ManagementError extends Refusal {
  readonly row: RefusalRow
  readonly dependents: readonly Dependent[] | undefined

  /** @param explanation says what to change; joined to the row's sentence */
  constructor(
    row: RefusalRow,
    explanation?: string,
    options: { detail?: string; cause?: unknown; dependents?: readonly Dependent[] } = {},
  ) {
    super(explanation === undefined ? row.sentence : `${row.sentence} ${explanation}`, options)
    this.row = row
    this.dependents = options.dependents
  }
}
