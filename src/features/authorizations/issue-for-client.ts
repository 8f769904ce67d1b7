import { type RawBuilder, sql as raw } from 'kysely'
import type { IssuedTokens } from '#oauth/model.ts'
import type { TokenStore } from '#oauth/ports.ts'
import { odataScope } from '#oauth/scope.ts'
import { type NamedQuery, first, prepare } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { mintToken } from '#oauth/token-format.ts'
import { accessTokenLifetime } from '../limits/effective.ts'
import type { TokenDeps } from './issuing.ts'

type Values = {
  hash: Uint8Array
  application: number
  secret: Uint8Array
  now: number
}

type Inserted = { expires_at: number }

/**
 * Inserts an access token if, at this moment, the owner's authorization stands, the secret counts and nobody concerned is
 * disabled: the check and the write are one statement, so nothing can come between them on any node.
 */
const createMachineTokenInsert = ({
  sql,
  engine,
}: Store): ((values: Values) => NamedQuery<Inserted>) => {
  const bytes = raw.raw(engine === 'sqlite' ? 'blob' : 'bytea')
  // PostgreSQL would take a bare parameter in a list of columns for text.
  const cast = <T>(value: T, type: RawBuilder<unknown>) => raw<T>`cast(${value} as ${type})`
  const bigint = raw.raw('bigint')
  return prepare<Values, Inserted>((slot) =>
    sql
      .insertInto('access_tokens')
      .columns(['token_hash', 'chain_id', 'created_at', 'expires_at'])
      .expression(
        sql
          .selectFrom('client_applications as a')
          .innerJoin('consents as g', (join) =>
            join.onRef('g.application_id', '=', 'a.id').onRef('g.user_id', '=', 'a.owner_id'),
          )
          .innerJoin('chains as h', (join) =>
            join.onRef('h.consent_id', '=', 'g.id').on('h.grant_type', '=', 'client_credentials'),
          )
          .innerJoin('users as u', 'u.id', 'a.owner_id')
          .innerJoin('tenants as t', 't.id', 'a.tenant_id')
          .innerJoin('client_secrets as s', 's.application_id', 'a.id')
          .select([
            cast(slot('hash'), bytes).as('token_hash'),
            'h.id as chain_id',
            cast(slot('now'), bigint).as('created_at'),
            raw<number>`${cast(slot('now'), bigint)} + ${accessTokenLifetime('u.tenant_id')}`.as(
              'expires_at',
            ),
          ])
          .where('a.id', '=', slot('application'))
          .where('s.secret_hash', '=', slot('secret'))
          .where((e) => e.or([e('s.expires_at', 'is', null), e('s.expires_at', '>', slot('now'))]))
          .where('a.enabled', '=', 1)
          .where('u.status', '=', 1)
          .where('t.status', '=', 1),
      )
      .returning('expires_at'),
  )
}

/** Issues an access token to a client that acts by itself (the port `TokenStore.issueForClient`). */
export const createIssueForClient = (deps: TokenDeps): TokenStore['issueForClient'] => {
  const insert = createMachineTokenInsert(deps.store)
  return async (client): Promise<IssuedTokens | undefined> => {
    if (client.secretHash === undefined) return undefined
    const now = deps.clock.now()
    const accessToken = mintToken('accessToken', deps.random)
    const values = {
      hash: deps.hash('access-token', accessToken),
      application: client.applicationId,
      secret: client.secretHash,
      now,
    }
    const inserted = await deps.store.write(() => first(insert(values)), {
      isolation: 'one-statement',
      forgets: () => false,
    })
    return (
      inserted && {
        accessToken,
        expiresAt: inserted.expires_at,
        refreshToken: undefined,
        scope: odataScope,
      }
    )
  }
}
