import { odataScope } from '#oauth/scope.ts'
import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'

// The standing authorization of a machine client (DESIGN invariant 12): a chain of the grant type client_credentials under
// the owner's consent, made when the owner lists data sources and ended like any other access. Its tokens are the only
// thing that the token endpoint adds, so what has ended there cannot come back there (T31).

const grantType = 'client_credentials'

/** Such a chain does not end by being idle; 31 December 9999. */
const never = 253_402_214_400_000

/** The selection of a consent that only holds a machine client's chain: no person has let the application read anything. */
export const noPersonsSelection = JSON.stringify({ kind: 'only', ids: [] })

/** Whose access it is, and to what. */
export type MachineOwner = { readonly applicationId: number; readonly ownerId: number }

const consentOf = ({ sql }: Store, of: MachineOwner) =>
  sql
    .selectFrom('consents')
    .select('id')
    .where('application_id', '=', of.applicationId)
    .where('user_id', '=', of.ownerId)

/** Whether the owner's authorization stands. */
export function* machineAccessStands(store: Store, of: MachineOwner): Command<boolean> {
  const row = yield* first(
    store.sql
      .selectFrom('chains')
      .select('id')
      .where('consent_id', 'in', consentOf(store, of))
      .where('grant_type', '=', grantType),
  )
  return row !== undefined
}

/** The first of the given data sources that is not the owner's, or undefined. */
export function* foreignSource(
  { sql }: Store,
  ownerId: number,
  ids: readonly number[],
): Command<number | undefined> {
  if (ids.length === 0) return undefined
  const rows = yield* all(
    sql
      .selectFrom('data_sources')
      .select('id')
      .where('owner_id', '=', ownerId)
      .where('id', 'in', [...ids]),
  )
  const owned = new Set(rows.map((row) => row.id))
  return ids.find((id) => !owned.has(id))
}

/** Takes away a consent that held nothing but a machine client's chain, when that is gone. */
export function* dropEmptyConsent({ sql }: Store, applicationId: number): Command<void> {
  yield* run(
    sql
      .deleteFrom('consents')
      .where('application_id', '=', applicationId)
      .where('selection', '=', noPersonsSelection)
      .where(
        'id',
        'not in',
        sql.selectFrom('chains').select('consent_id').where('grant_type', '=', grantType),
      ),
  )
}

/**
 * Authorizes the application for these data sources of its owner, in the place of what it had: tokens that were issued for
 * another list end. A consent that the owner has given as a person is left as it is.
 */
export function* authorizeMachine(
  store: Store,
  of: MachineOwner & { readonly revision: number; readonly dataSources: readonly number[] },
  now: number,
): Command<void> {
  const selection = JSON.stringify({ kind: 'only', ids: of.dataSources })
  yield* run(
    store.sql
      .insertInto('consents')
      .values({
        user_id: of.ownerId,
        application_id: of.applicationId,
        scope: odataScope,
        selection: noPersonsSelection,
        redirect_host: '',
        application_revision: of.revision,
        created_at: now,
        last_used_at: null,
      })
      .onConflict((conflict) => conflict.columns(['user_id', 'application_id']).doNothing()),
  )
  const consent = yield* first(consentOf(store, of))
  if (consent === undefined) throw new Error('the consent was not stored')
  yield* run(
    store.sql
      .deleteFrom('chains')
      .where('consent_id', '=', consent.id)
      .where('grant_type', '=', grantType),
  )
  yield* run(
    store.sql.insertInto('chains').values({
      consent_id: consent.id,
      grant_type: grantType,
      scope: odataScope,
      selection,
      redirect_uri: null,
      generation: 0,
      created_at: now,
      expires_at: never,
    }),
  )
}
