import type { Clock } from '#lib/clock.ts'
import { parseSelection, reaches } from '#oauth/selection.ts'
import { isWellFormed } from '#oauth/token-format.ts'
import { first, prepare } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import { permission } from '../access/permissions.ts'
import { dataSourceNameKey } from '../data-sources/data-source.ts'
import type { LastUsed } from './last-used.ts'

type Row = {
  expires_at: number
  alive: number
  may_read: number
  chain_selection: string
  consent_selection: string
  consent_id: number
  application_id: number
  user_id: number
  tenant_id: number
  source_id: number | null
}

/** What a bearer token may do with a data source, at this moment. */
export type BearerOutcome =
  | { readonly kind: 'open'; readonly userId: number; readonly dataSourceId: number }
  /** The token is unknown, expired or ended; or its user, application or tenant is disabled. */
  | { readonly kind: 'invalid' }
  /** The user lacks permission 7. */
  | { readonly kind: 'forbidden' }
  /** There is no such data source within the reach of this token. */
  | { readonly kind: 'no-source' }

/**
 * Checks a bearer token and the data source it wants by reading the truth: one joined read (DESIGN
 * invariants 14 and 15). A data source that the token does not reach is not told from one that is not there.
 */
export const createBearerCheck = (deps: {
  readonly store: Store
  readonly hash: Hasher
  readonly clock: Clock
  readonly lastUsed: LastUsed
}) => {
  const { sql } = deps.store
  const reading = [permission.useOData, permission.administrator]
  const query = prepare<{ hash: Uint8Array; name: string }, Row>(
    (slot) =>
      sql
        .selectFrom('access_tokens as k')
        .innerJoin('chains as h', 'h.id', 'k.chain_id')
        .innerJoin('consents as g', 'g.id', 'h.consent_id')
        .innerJoin('client_applications as a', 'a.id', 'g.application_id')
        .innerJoin('users as o', 'o.id', 'a.owner_id')
        .innerJoin('tenants as ot', 'ot.id', 'a.tenant_id')
        .innerJoin('users as u', 'u.id', 'g.user_id')
        .innerJoin('tenants as t', 't.id', 'u.tenant_id')
        .leftJoin('data_sources as s', (join) =>
          join.onRef('s.owner_id', '=', 'u.id').on('s.name_key', '=', slot('name')),
        )
        .select([
          'k.expires_at',
          'h.selection as chain_selection',
          'g.selection as consent_selection',
        ])
        .select([
          'g.id as consent_id',
          'g.application_id',
          'u.id as user_id',
          'u.tenant_id',
          's.id as source_id',
        ])
        .select((e) =>
          e
            .and([
              e('a.enabled', '=', 1),
              e('o.status', '=', 1),
              e('ot.status', '=', 1),
              e('u.status', '=', 1),
              e('t.status', '=', 1),
            ])
            .as('alive'),
        )
        .select((e) =>
          e
            .or([
              e.exists(
                e
                  .selectFrom('user_permissions as p')
                  .select('p.user_id')
                  .whereRef('p.user_id', '=', 'u.id')
                  .where('p.permission_id', 'in', reading),
              ),
              e.exists(
                e
                  .selectFrom('user_roles as ur')
                  .innerJoin('role_permissions as rp', 'rp.role_id', 'ur.role_id')
                  .select('ur.user_id')
                  .whereRef('ur.user_id', '=', 'u.id')
                  .where('rp.permission_id', 'in', reading),
              ),
            ])
            .as('may_read'),
        )
        .where('k.token_hash', '=', slot('hash')) as never,
  )

  const judge = (row: Row | undefined): BearerOutcome => {
    if (row === undefined || row.expires_at <= deps.clock.now() || !row.alive)
      return { kind: 'invalid' }
    if (!row.may_read) return { kind: 'forbidden' }
    const id = row.source_id
    if (
      id === null ||
      !reaches(parseSelection(row.chain_selection), id) ||
      !reaches(parseSelection(row.consent_selection), id)
    )
      return { kind: 'no-source' }
    return { kind: 'open', userId: row.user_id, dataSourceId: id }
  }

  /** @param sourceName as it stands in the URL; compared without case */
  return async (token: string, sourceName: string): Promise<BearerOutcome> => {
    if (!isWellFormed('accessToken', token)) return { kind: 'invalid' }
    const name = dataSourceNameKey(sourceName)
    const row = await deps.store.read(() =>
      first(query({ hash: deps.hash('access-token', token), name })),
    )
    const outcome = judge(row)
    if (row !== undefined && outcome.kind === 'open')
      deps.lastUsed.note(row.consent_id, row.application_id)
    return outcome
  }
}

export type BearerCheck = ReturnType<typeof createBearerCheck>
