import type { IssuedTokens } from '#oauth/model.ts'
import type { Issue, TokenStore } from '#oauth/ports.ts'
import { mintToken } from '#oauth/token-format.ts'
import { type Command, first, run } from '#store/command.ts'
import { endChain } from './ending.ts'
import {
  extendChain,
  insertAccessToken,
  insertRefreshToken,
  mintTokens,
  type TokenDeps,
} from './issuing.ts'
import { type RefreshRow, toRefreshRecord } from './records.ts'

/** A refresh token in use: what was presented, what is stored of it, and now. */
type Presented = { readonly token: string; readonly row: RefreshRow; readonly now: number }

/** HDP's rule: the refresh token stays; its own life and the chain's begin anew. */
function* keep(
  deps: TokenDeps,
  { token, row, now }: Presented,
  issue: Issue,
): Command<IssuedTokens | undefined> {
  const until = now + issue.idleLifetime
  if (!(yield* extendChain(deps, row.chain_id, until))) return undefined
  yield* run(
    deps.store.sql
      .updateTable('refresh_tokens')
      .set({ expires_at: until })
      .where('token_hash', '=', deps.hash('refresh-token', token)),
  )
  const tokens = mintTokens(deps, issue, { scope: row.scope, now, refreshToken: token })
  yield* insertAccessToken(deps, row.chain_id, tokens, now)
  return tokens
}

/** Marks the token as rotated and keeps its answer for a retry; only the last rotation can be retried. */
function* markRotated(
  deps: TokenDeps,
  { token, row, now }: Presented,
  tokens: IssuedTokens,
): Command<void> {
  const { sql } = deps.store
  yield* run(
    sql
      .updateTable('refresh_tokens')
      .set({ rotated_at: now, replay: deps.replays.seal(token, tokens) })
      .where('token_hash', '=', deps.hash('refresh-token', token)),
  )
  yield* run(
    sql
      .updateTable('refresh_tokens')
      .set({ replay: null })
      .where('chain_id', '=', row.chain_id)
      .where('generation', '<', row.generation)
      .where('replay', 'is not', null),
  )
}

function* rotate(
  deps: TokenDeps,
  presented: Presented,
  issue: Issue,
): Command<IssuedTokens | undefined> {
  const { row, now } = presented
  if (!(yield* extendChain(deps, row.chain_id, now + issue.idleLifetime, row.generation)))
    return undefined
  const next = mintToken('refreshToken', deps.random)
  const tokens = mintTokens(deps, issue, { scope: row.scope, now, refreshToken: next })
  yield* markRotated(deps, presented, tokens)
  yield* insertAccessToken(deps, row.chain_id, tokens, now)
  const of = {
    chainId: row.chain_id,
    generation: row.generation + 1,
    now,
    idle: issue.idleLifetime,
  }
  yield* insertRefreshToken(deps, next, of)
  return tokens
}

/** Uses a refresh token (the port `TokenStore.useRefreshToken`), as one command. */
export function* useRefreshToken(
  deps: TokenDeps,
  token: string,
  judge: Parameters<TokenStore['useRefreshToken']>[1],
  issue: Issue,
): Command<IssuedTokens | undefined> {
  const row = yield* first(deps.records.refresh({ hash: deps.hash('refresh-token', token) }))
  if (row === undefined) return undefined
  const presented = { token, row, now: deps.clock.now() }
  const verdict = judge(toRefreshRecord(row), presented.now)
  switch (verdict.kind) {
    case 'refuse':
      return undefined
    case 'end':
      deps.onReuse('refresh-token', row.application_id)
      yield* endChain(deps.store, row.chain_id)
      return undefined
    case 'replay':
      return row.replay === null ? undefined : deps.replays.open(token, row.replay)
    case 'rotate':
      deps.lastUsed.note(row.consent_id, row.application_id)
      return yield* rotate(deps, presented, issue)
    case 'issue':
      deps.lastUsed.note(row.consent_id, row.application_id)
      return yield* keep(deps, presented, issue)
  }
}
