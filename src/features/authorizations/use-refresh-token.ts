import { hours } from '#lib/clock.ts'
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
import { type RefreshRow, toRefreshRecord } from './records.ts'

/** A refresh token in use: what was presented, what is stored of it, and now. */
type Presented = {
  readonly token: string
  readonly hash: Uint8Array
  readonly row: RefreshRow
  readonly now: number
}

/** Extending is two writes to indexed columns, so it is done so rarely (milliseconds), and for so much longer. */
const extendEvery = hours(1)

/** HDP's rule: the refresh token stays; its own life and the chain's begin anew. */
function* keep(
  deps: TokenDeps,
  { token, hash, row, now }: Presented,
  issue: Issue,
): Command<IssuedTokens | undefined> {
  const until = now + issue.idleLifetime
  if (Math.min(row.expires_at, row.chain_expires_at) < until) {
    const later = until + extendEvery
    if (!(yield* extendChain(deps, row.chain_id, later))) return undefined
    yield* run(deps.statements.extendRefreshToken({ hash, until: later }))
  }
  const tokens = mintTokens(deps, {
    scope: row.scope,
    now,
    lifetime: row.lifetime,
    refreshToken: token,
  })
  yield* insertAccessToken(deps, row.chain_id, tokens, now)
  return tokens
}

/**
 * Marks the token as rotated and keeps its answer for a retry. Only the last rotation can be retried, so the answer of the
 * one before it goes in the same statement.
 */
function* markRotated(
  deps: TokenDeps,
  { token, row, now }: Presented,
  tokens: IssuedTokens,
): Command<void> {
  const replay = deps.replays.seal(token, tokens)
  const { chain_id: chain, generation } = row
  const values = { chain, generation, before: generation - 1, now, replay }
  yield* run(deps.statements.markRotated(values))
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
  const tokens = mintTokens(deps, {
    scope: row.scope,
    now,
    lifetime: row.lifetime,
    refreshToken: next,
  })
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

const outcomeOf = (tokens: IssuedTokens | undefined): Outcome =>
  tokens === undefined ? nothing : { tokens }

/** Uses a refresh token (the port `TokenStore.useRefreshToken`), as one command. */
export function* useRefreshToken(
  deps: TokenDeps,
  token: string,
  judge: Parameters<TokenStore['useRefreshToken']>[1],
  issue: Issue,
): Command<Outcome> {
  const hash = deps.hash('refresh-token', token)
  const row = yield* first(deps.records.refresh({ hash }))
  if (row === undefined) return nothing
  const presented = { token, hash, row, now: deps.clock.now() }
  const verdict = judge(toRefreshRecord(row), presented.now)
  switch (verdict.kind) {
    case 'refuse':
      return nothing
    case 'end':
      yield* endChain(deps.store, row.chain_id)
      return { reuse: { what: 'refresh-token', applicationId: row.application_id } }
    case 'replay':
      return outcomeOf(row.replay === null ? undefined : deps.replays.open(token, row.replay))
    case 'rotate':
      deps.lastUsed.note(row.consent_id, row.application_id)
      return outcomeOf(yield* rotate(deps, presented, issue))
    case 'issue':
      deps.lastUsed.note(row.consent_id, row.application_id)
      return outcomeOf(yield* keep(deps, presented, issue))
  }
}
