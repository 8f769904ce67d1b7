import type { CodeRecord, GrantType, RefreshRecord } from '#oauth/model.ts'
import { prepare } from '#store/command.ts'
import { locking } from '#store/locking.ts'
import type { Store } from '#store/store.ts'
import { accessTokenLifetime } from '../limits/effective.ts'

export type CodeRow = {
  chain_id: number
  application_id: number
  redirect_uri: string
  code_challenge: string | null
  valid_until: number
  redeemed_at: number | null
  scope: string
  consent_id: number
  user_alive: number
  /** Of an access token that is issued now. Milliseconds. */
  lifetime: number
}

export type RefreshRow = {
  chain_id: number
  application_id: number
  grant_type: string
  scope: string
  expires_at: number
  generation: number
  chain_generation: number
  chain_expires_at: number
  rotated_at: number | null
  replay: string | null
  consent_id: number
  user_alive: number
  /** Of an access token that is issued now. Milliseconds. */
  lifetime: number
}

/**
 * The joined reads of the token endpoint, compiled once. They lock the chain and then its code or token, in
 * the order in which a deletion reaches them, so that the two never wait for each other. Whoever comes at the same
 * time waits, and then sees what became of them (T23, T29, T31).
 */
export const createRecordQueries = (store: Store) => {
  const { sql } = store
  const code = prepare<{ hash: Uint8Array }, CodeRow>((slot) => {
    const query = sql
      .selectFrom('codes as c')
      .innerJoin('chains as h', 'h.id', 'c.chain_id')
      .innerJoin('consents as g', 'g.id', 'h.consent_id')
      .innerJoin('users as u', 'u.id', 'g.user_id')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .select([
        'c.chain_id',
        'c.redirect_uri',
        'c.code_challenge',
        'c.valid_until',
        'c.redeemed_at',
      ])
      .select(['h.scope', 'g.application_id', 'g.id as consent_id'])
      .select(accessTokenLifetime('u.tenant_id').as('lifetime'))
      .select((e) => e('u.status', '*', e.ref('t.status')).as('user_alive'))
      .where('c.code_hash', '=', slot('hash'))
    return locking(store, query, ['h', 'c'])
  })
  const refresh = prepare<{ hash: Uint8Array }, RefreshRow>((slot) => {
    const query = sql
      .selectFrom('refresh_tokens as r')
      .innerJoin('chains as h', 'h.id', 'r.chain_id')
      .innerJoin('consents as g', 'g.id', 'h.consent_id')
      .innerJoin('users as u', 'u.id', 'g.user_id')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .select(['r.chain_id', 'r.expires_at', 'r.generation', 'r.rotated_at', 'r.replay'])
      .select([
        'h.scope',
        'h.grant_type',
        'h.generation as chain_generation',
        'h.expires_at as chain_expires_at',
      ])
      .select(['g.application_id', 'g.id as consent_id'])
      .select(accessTokenLifetime('u.tenant_id').as('lifetime'))
      .select((e) => e('u.status', '*', e.ref('t.status')).as('user_alive'))
      .where('r.token_hash', '=', slot('hash'))
    return locking(store, query, ['h', 'r'])
  })
  return { code, refresh }
}

export const toCodeRecord = (row: CodeRow): CodeRecord => ({
  applicationId: row.application_id,
  redirectUri: row.redirect_uri,
  codeChallenge: row.code_challenge ?? undefined,
  validUntil: row.valid_until,
  redeemed: row.redeemed_at !== null,
  userActive: row.user_alive === 1,
})

export const toRefreshRecord = (row: RefreshRow): RefreshRecord => ({
  applicationId: row.application_id,
  grantType: row.grant_type as GrantType,
  scope: row.scope,
  expiresAt: Math.min(row.expires_at, row.chain_expires_at),
  generation: row.generation,
  chainGeneration: row.chain_generation,
  rotatedAt: row.rotated_at ?? undefined,
  userActive: row.user_alive === 1,
})
