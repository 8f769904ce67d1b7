import type { Clock } from '#lib/clock.ts'
import { Unavailable } from '#lib/refusal.ts'
import { type Command, all, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { moveTokens } from '../upstream-tokens/moving.ts'
import { createUpstreamTokenStore } from '../upstream-tokens/store.ts'
import type { TokenPair, UpstreamToken } from '../upstream-tokens/token.ts'
import { createSecretOptions, type SecretOptions } from './secrets.ts'

/** What a data source has sealed, opened. */
type Carried = {
  readonly id: number
  readonly secrets: SecretOptions
  readonly tokens: { readonly token: UpstreamToken; readonly pair: TokenPair } | undefined
}

const doNotOpen = (ids: readonly number[]): ManagementError =>
  new ManagementError(
    refusals.secretOptionsUnreadable,
    `Secrets or tokens of these do not open, and would be lost: ${ids.join(', ')}. Create them anew, or delete them, first.`,
  )

/** Carries what the data sources of a user have sealed from one tenant to another. Each function is a command. */
export const createCarrying = (deps: {
  readonly store: Store
  readonly sealed: SealedValues
  readonly clock: Clock
}) => {
  const { sql } = deps.store
  const secretOptions = createSecretOptions(deps.store, deps.sealed)
  const upstreamTokens = createUpstreamTokenStore(deps.store, deps.sealed)

  /** Undefined where something does not open. Throws `Unavailable` while the tokens are being renewed: the answer would be lost. */
  function* open(place: Parameters<typeof secretOptions.open>[0]): Command<Carried | undefined> {
    const { id } = place
    const secrets = yield* secretOptions.open(place)
    const token = yield* upstreamTokens.readLocked({ kind: 'data-source', id })
    if (token?.leaseUntil !== undefined && token.leaseUntil > deps.clock.now())
      throw new Unavailable(`The tokens of data source ${id} are being refreshed. Try again.`)
    if (secrets === undefined || token === undefined)
      return secrets && { id, secrets, tokens: undefined }
    const pair = yield* upstreamTokens.open(token)
    return pair && { id, secrets, tokens: { token, pair } }
  }

  /** Those of a user, opened where they are now. Throws 400 with the ids of those that do not open, and `Unavailable`. */
  function* take(ownerId: number): Command<readonly Carried[]> {
    const rows = yield* all(
      sql
        .selectFrom('data_sources as s')
        .leftJoin('upstream_tokens as t', 't.data_source_id', 's.id')
        .select(['s.id', 's.tenant_id as tenantId', 's.revision'])
        .where('s.owner_id', '=', ownerId)
        .where((e) => e.or([e('s.secret_options', 'is not', null), e('t.id', 'is not', null)]))
        .orderBy('s.id'),
    )
    const taken: Carried[] = []
    const unreadable: number[] = []
    for (const row of rows) {
      const carried = yield* open(row)
      if (carried === undefined) unreadable.push(row.id)
      else taken.push(carried)
    }
    if (unreadable.length > 0) throw doNotOpen(unreadable)
    return taken
  }

  /** Seals what was taken for where the data sources are now. */
  function* restore(taken: readonly Carried[]): Command<void> {
    for (const { id, secrets, tokens } of taken) {
      const row = yield* first(
        sql.selectFrom('data_sources').select(['tenant_id', 'revision']).where('id', '=', id),
      )
      if (row === undefined) continue
      yield* secretOptions.write({ id, tenantId: row.tenant_id, revision: row.revision }, secrets)
      if (tokens !== undefined) yield* moveTokens(deps.store, deps.sealed, tokens, row.tenant_id)
    }
  }

  return { take, restore }
}

export type Carrying = ReturnType<typeof createCarrying>
