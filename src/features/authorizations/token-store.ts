import type { IssuedTokens } from '#oauth/model.ts'
import type { TokenStore } from '#oauth/ports.ts'
import { isWellFormed } from '#oauth/token-format.ts'
import { type Command, first, run } from '#store/command.ts'
import { endChain } from './ending.ts'
import { createIssueForClient } from './issue-for-client.ts'
import { issueForUser } from './issue-for-user.ts'
import type { Outcome, Reuse, TokenDeps } from './issuing.ts'
import { createReadToken } from './read-token.ts'
import { createRecordQueries } from './records.ts'
import { createTokenStatements } from './statements.ts'
import { redeemCode } from './redeem-code.ts'
import { useRefreshToken } from './use-refresh-token.ts'

/** RFC 7009: an access token alone, a refresh token with its chain; another client's is left alone (T47). */
function* revoke(deps: TokenDeps, token: string, applicationId: number): Command<void> {
  const { sql } = deps.store
  if (isWellFormed('accessToken', token)) {
    const consents = sql
      .selectFrom('consents')
      .select('id')
      .where('application_id', '=', applicationId)
    const chains = sql.selectFrom('chains').select('id').where('consent_id', 'in', consents)
    const found = deps.hash('access-token', token)
    yield* run(
      sql
        .deleteFrom('access_tokens')
        .where('token_hash', '=', found)
        .where('chain_id', 'in', chains),
    )
    return
  }
  const row = yield* first(deps.records.refresh({ hash: deps.hash('refresh-token', token) }))
  if (row?.application_id === applicationId) yield* endChain(deps.store, row.chain_id)
}

type Given = Omit<TokenDeps, 'records' | 'statements'> & {
  /** Told after the commit, when the chain has really ended. */
  readonly onReuse: (reuse: Reuse) => void
}

/** The protocol's port to codes and tokens: each function one transaction, decided by conditional statements. */
export const createTokenStore = ({ onReuse, ...given }: Given): TokenStore => {
  const { store } = given
  const deps: TokenDeps = {
    ...given,
    records: createRecordQueries(store),
    statements: createTokenStatements(store),
  }
  const present = async (command: () => Command<Outcome>): Promise<IssuedTokens | undefined> => {
    const { tokens, reuse } = await store.write(command, {
      isolation: 'row-locks',
      // Fresh tokens change no answer that anybody has had; ended ones do.
      forgets: (outcome) => outcome.tokens === undefined,
    })
    if (reuse !== undefined) onReuse(reuse)
    return tokens
  }
  return {
    redeemCode: async (code, judge, issue) =>
      isWellFormed('code', code) ? present(() => redeemCode(deps, code, judge, issue)) : undefined,
    useRefreshToken: async (token, judge, issue) =>
      isWellFormed('refreshToken', token)
        ? present(() => useRefreshToken(deps, token, judge, issue))
        : undefined,
    issueForClient: createIssueForClient(deps),
    issueForUser: (owner, client, issue) =>
      store.write(() => issueForUser(deps, owner, client, issue), { forgets: () => false }),
    readToken: createReadToken(deps),
    revokeToken: async (token, applicationId) => {
      if (isWellFormed('accessToken', token) || isWellFormed('refreshToken', token))
        await store.write(() => revoke(deps, token, applicationId), { isolation: 'row-locks' })
    },
  }
}
