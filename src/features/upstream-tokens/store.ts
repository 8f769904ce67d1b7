import { type Command, first, run } from '#store/command.ts'
import { locking } from '#store/locking.ts'
import type { UpstreamTokenRow } from '#store/schema-upstream.ts'
import type { Store } from '#store/store.ts'
import { Secret } from '#lib/secret.ts'
import type { Place } from '#vault/envelope.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import type { StoredTokens, TokenOwner, TokenPair, UpstreamToken } from './token.ts'

const columns = [
  'id',
  'tenant_id',
  'profile_id',
  'data_source_id',
  'generation',
  'access_expires_at',
  'issued_at',
  'scope',
  'instance_url',
  'account',
  'state',
  'state_reason',
  'state_at',
  'lease_holder',
  'lease_until',
  'failures',
  'retry_at',
] as const satisfies readonly (keyof UpstreamTokenRow)[]

type Columns = Pick<Omit<UpstreamTokenRow, 'id'>, Exclude<(typeof columns)[number], 'id'>> & {
  readonly id: number
}

const ownerOf = (row: Columns): TokenOwner =>
  row.profile_id === null
    ? { kind: 'data-source', id: row.data_source_id ?? 0 }
    : { kind: 'profile', id: row.profile_id }

const toToken = (row: Columns): UpstreamToken => ({
  id: row.id,
  tenantId: row.tenant_id,
  owner: ownerOf(row),
  generation: row.generation,
  accessExpiresAt: row.access_expires_at ?? undefined,
  issuedAt: row.issued_at ?? undefined,
  scope: row.scope ?? undefined,
  instanceUrl: row.instance_url ?? undefined,
  account: row.account ?? undefined,
  state: row.state,
  stateReason: row.state_reason ?? undefined,
  stateAt: row.state_at,
  leaseHolder: row.lease_holder ?? undefined,
  leaseUntil: row.lease_until ?? undefined,
  failures: row.failures,
  retryAt: row.retry_at ?? undefined,
})

/** The column that names such an owner. */
export const ownerColumn = ({ kind }: TokenOwner) =>
  kind === 'profile' ? ('profile_id' as const) : ('data_source_id' as const)

type TokenPlace = Pick<UpstreamToken, 'id' | 'tenantId' | 'generation'>

/** Where a token lies (DESIGN invariant 6): of another row, tenant or generation it does not open (T74). */
export const placeOf = (
  { id, tenantId, generation }: TokenPlace,
  column: 'access_token' | 'refresh_token',
): Place => ({ tenantId, table: 'upstream_tokens', rowId: String(id), column, generation })

/** Reads and writes of upstream tokens; each function is a command. */
export const createUpstreamTokenStore = (store: Store, sealed: SealedValues) => {
  const { sql } = store
  const byOwner = (owner: TokenOwner) =>
    sql.selectFrom('upstream_tokens').select(columns).where(ownerColumn(owner), '=', owner.id)

  function* read(owner: TokenOwner): Command<UpstreamToken | undefined> {
    const row = yield* first(byOwner(owner))
    return row && toToken(row)
  }

  /** The same, and nobody else changes it until the command ends (`isolation: 'row-locks'`). */
  function* readLocked(owner: TokenOwner): Command<UpstreamToken | undefined> {
    const row = yield* first(locking(store, byOwner(owner), ['upstream_tokens']))
    return row && toToken(row)
  }

  /**
   * The tokens of that generation, or undefined when they are of another one by now, or what is stored was not sealed for
   * this row: then nothing of it is used.
   */
  function* open(token: UpstreamToken): Command<TokenPair | undefined> {
    const row = yield* first(
      sql
        .selectFrom('upstream_tokens')
        .select(['access_token', 'refresh_token'])
        .where('id', '=', token.id)
        .where('generation', '=', token.generation),
    )
    if (row === undefined) return undefined
    const pair: { accessToken?: Secret; refreshToken?: Secret } = {}
    for (const [name, column] of [
      ['accessToken', 'access_token'],
      ['refreshToken', 'refresh_token'],
    ] as const) {
      const stored = row[column]
      if (stored === null) continue
      const text = yield* sealed.open(placeOf(token, column), stored)
      if (text === undefined) return undefined
      pair[name] = new Secret(text)
    }
    return { accessToken: pair.accessToken, refreshToken: pair.refreshToken }
  }

  function* seal(
    place: TokenPlace,
    column: Parameters<typeof placeOf>[1],
    token: Secret | undefined,
  ): Command<string | null> {
    if (token === undefined) return null
    return yield* sealed.seal(placeOf(place, column), token.reveal())
  }

  /** Seals and writes the tokens of a generation over those that were there. */
  function* write(place: TokenPlace, tokens: StoredTokens, now: number): Command<void> {
    yield* run(
      sql
        .updateTable('upstream_tokens')
        .set({
          generation: place.generation,
          access_token: yield* seal(place, 'access_token', tokens.accessToken),
          refresh_token: yield* seal(place, 'refresh_token', tokens.refreshToken),
          access_expires_at: tokens.accessExpiresAt ?? null,
          issued_at: tokens.issuedAt ?? null,
          scope: tokens.scope ?? null,
          instance_url: tokens.instanceUrl ?? null,
          account: tokens.account ?? null,
          state: 'ready',
          state_reason: null,
          state_at: now,
          lease_holder: null,
          lease_until: null,
          failures: 0,
          retry_at: null,
        })
        .where('id', '=', place.id),
    )
  }

  /**
   * Stores an owner's tokens, in place of those that there are: they are good from now on, whatever was wrong before, and a
   * refresh that is under way will be of no effect. Answers them as they are now.
   */
  function* put(
    owner: TokenOwner,
    tenantId: number,
    tokens: StoredTokens,
    now: number,
  ): Command<UpstreamToken> {
    const before = yield* readLocked(owner)
    const id = before?.id ?? (yield* insert(owner, tenantId, now))
    yield* write({ id, tenantId, generation: (before?.generation ?? 0) + 1 }, tokens, now)
    const after = yield* read(owner)
    if (after === undefined) throw new Error('the tokens were not stored')
    return after
  }

  function* insert(owner: TokenOwner, tenantId: number, now: number): Command<number> {
    const row = yield* first(
      sql
        .insertInto('upstream_tokens')
        .values({
          tenant_id: tenantId,
          profile_id: owner.kind === 'profile' ? owner.id : null,
          data_source_id: owner.kind === 'data-source' ? owner.id : null,
          generation: 0,
          state: 'ready',
          state_at: now,
          failures: 0,
        })
        .returning('id'),
    )
    if (row === undefined) throw new Error('the tokens were not stored')
    return row.id
  }

  return { read, readLocked, open, insert, write, put }
}

export type UpstreamTokenStore = ReturnType<typeof createUpstreamTokenStore>
