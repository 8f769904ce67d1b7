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
  nothing,
  type Outcome,
  type TokenDeps,
} from './issuing.ts'
import { type CodeRow, toCodeRecord } from './records.ts'

function* issueFirst(
  deps: TokenDeps,
  row: CodeRow,
  issue: Issue,
  now: number,
): Command<IssuedTokens> {
  const refreshToken = issue.withRefreshToken ? mintToken('refreshToken', deps.random) : undefined
  const tokens = mintTokens(deps, { scope: row.scope, now, lifetime: row.lifetime, refreshToken })
  yield* extendChain(
    deps,
    row.chain_id,
    now + (issue.withRefreshToken ? issue.idleLifetime : row.lifetime),
  )
  yield* insertAccessToken(deps, row.chain_id, tokens, now)
  if (refreshToken !== undefined)
    yield* insertRefreshToken(deps, refreshToken, {
      chainId: row.chain_id,
      generation: 0,
      now,
      idle: issue.idleLifetime,
    })
  deps.lastUsed.note(row.consent_id, row.application_id)
  return tokens
}

/**
 * Whether the application still has the grant type refresh_token. What was known of it before the chain was locked may be
 * half a second old, and the token would outlive the removal (T53).
 */
function* stillRefreshes({ store }: TokenDeps, applicationId: number): Command<boolean> {
  const row = yield* first(
    store.sql
      .selectFrom('client_applications')
      .select('grant_types')
      .where('id', '=', applicationId),
  )
  return row !== undefined && (JSON.parse(row.grant_types) as string[]).includes('refresh_token')
}

/** Redeems a code (the port `TokenStore.redeemCode`), as one command. */
export function* redeemCode(
  deps: TokenDeps,
  code: string,
  judge: Parameters<TokenStore['redeemCode']>[1],
  issue: Issue,
): Command<Outcome> {
  const { store } = deps
  const codeHash = deps.hash('code', code)
  const row = yield* first(deps.records.code({ hash: codeHash }))
  if (row === undefined) return nothing
  const now = deps.clock.now()
  const verdict = judge(toCodeRecord(row), now)
  if (verdict.kind === 'refuse') return nothing
  if (verdict.kind === 'end') {
    yield* endChain(store, row.chain_id)
    return row.redeemed_at === null
      ? nothing
      : { reuse: { what: 'code', applicationId: row.application_id } }
  }
  // Whoever changes the row has redeemed the code; everybody else is too late, and the chain ends (T23, T24).
  const won = yield* run(
    store.sql
      .updateTable('codes')
      .set({ redeemed_at: now })
      .where('code_hash', '=', codeHash)
      .where('redeemed_at', 'is', null),
  )
  if (won === 1) {
    const withRefreshToken =
      issue.withRefreshToken && (yield* stillRefreshes(deps, row.application_id))
    return { tokens: yield* issueFirst(deps, row, { ...issue, withRefreshToken }, now) }
  }
  yield* endChain(store, row.chain_id)
  return nothing
}
