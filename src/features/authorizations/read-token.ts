import type { TokenFacts } from '#oauth/model.ts'
import type { TokenStore } from '#oauth/ports.ts'
import { isWellFormed } from '#oauth/token-format.ts'
import { type Command, first, prepare } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'

type Row = {
  created_at: number
  expires_at: number
  chain_expires_at: number
  scope: string
  client_id: string
  user_id: number
  user_name: string
}

type Values = { hash: Uint8Array; application: number }

const createQueries = ({ sql }: Store) => {
  /** Everybody concerned, and nobody of them disabled: the same conditions as at a bearer check. */
  const living = () =>
    sql
      .selectFrom('chains as h')
      .innerJoin('consents as g', 'g.id', 'h.consent_id')
      .innerJoin('client_applications as a', 'a.id', 'g.application_id')
      .innerJoin('users as o', 'o.id', 'a.owner_id')
      .innerJoin('tenants as ot', 'ot.id', 'a.tenant_id')
      .innerJoin('users as u', 'u.id', 'g.user_id')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .select(['h.expires_at as chain_expires_at', 'h.scope', 'a.client_id'])
      .select(['u.id as user_id', 'u.user_name'])
      .where('a.enabled', '=', 1)
      .where('o.status', '=', 1)
      .where('ot.status', '=', 1)
      .where('u.status', '=', 1)
      .where('t.status', '=', 1)
  return {
    access: prepare<Values, Row>((slot) =>
      living()
        .innerJoin('access_tokens as k', 'k.chain_id', 'h.id')
        .select(['k.created_at', 'k.expires_at'])
        .where('k.token_hash', '=', slot('hash'))
        .where('a.id', '=', slot('application')),
    ),
    refresh: prepare<Values, Row>((slot) =>
      living()
        .innerJoin('refresh_tokens as k', 'k.chain_id', 'h.id')
        .select(['k.created_at', 'k.expires_at'])
        .where('k.token_hash', '=', slot('hash'))
        .where('k.rotated_at', 'is', null)
        .where('a.id', '=', slot('application')),
    ),
  }
}

const toFacts = (row: Row, kind: TokenFacts['kind']): TokenFacts => ({
  kind,
  clientId: row.client_id,
  scope: row.scope,
  userId: row.user_id,
  userName: row.user_name,
  issuedAt: row.created_at,
  expiresAt: kind === 'access' ? row.expires_at : Math.min(row.expires_at, row.chain_expires_at),
})

/** Reads a token for its own client (the port `TokenStore.readToken`); reads write nothing. */
export const createReadToken = (deps: {
  readonly store: Store
  readonly hash: Hasher
}): TokenStore['readToken'] => {
  const queries = createQueries(deps.store)
  const command = (hash: Uint8Array, application: number, kind: TokenFacts['kind']) =>
    function* (): Command<TokenFacts | undefined> {
      const row = yield* first(queries[kind]({ hash, application }))
      return row && toFacts(row, kind)
    }
  return async (token, applicationId) => {
    if (isWellFormed('accessToken', token)) {
      const hash = deps.hash('access-token', token)
      const key = `token/${applicationId}/${Buffer.from(hash).toString('base64')}`
      return deps.store.recall(key, command(hash, applicationId, 'access'))
    }
    // A rotation, which forgets nothing that was recalled, takes a refresh token out of use.
    if (isWellFormed('refreshToken', token))
      return deps.store.read(command(deps.hash('refresh-token', token), applicationId, 'refresh'))
    return undefined
  }
}
