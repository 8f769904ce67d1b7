import { sql as raw } from 'kysely'
import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { days } from '#lib/clock.ts'
import { eventsKept } from '../upstream-tokens/history.ts'
import type { EventCause, EventOutcome } from '../upstream-tokens/token.ts'
import { isSameServer, type OAuthApplication } from './application.ts'

/** What the flight recorder of a profile says when its tokens do not follow the application to another server. */
export const otherServer = 'token-server-changed'

/** The tokens of an application's profiles. */
const tokensOf = ({ sql }: Store, applicationId: number) =>
  sql
    .selectFrom('upstream_tokens as t')
    .innerJoin('oauth_profiles as p', 'p.id', 't.profile_id')
    .where('p.application_id', '=', applicationId)

/**
 * What a change of an application means for the profiles that stay with it. With another address, client or secret the next
 * refresh is tried at once, whatever has failed before. Refresh tokens are kept for the server that gave them, as the client
 * secret is (`secretForOtherServer`): who may change an application must not have everybody's tokens delivered to a server
 * of their choice (T83). Their owners connect again, or send tokens.
 */
export function* applyChange(
  store: Store,
  change: {
    readonly before: OAuthApplication
    readonly after: OAuthApplication
    readonly secretSent: boolean
  },
  now: number,
): Command<void> {
  const { before, after, secretSent } = change
  const { sql } = store
  if (!isSameServer(before.tokenUri, after.tokenUri)) {
    yield* run(
      sql
        .insertInto('upstream_events')
        .columns(['token_id', 'at', 'cause', 'outcome', 'detail', 'expires_at'])
        .expression(
          tokensOf(store, after.id)
            .select([
              't.id as token_id',
              raw<number>`cast(${now} as bigint)`.as('at'),
              raw<string>`cast(${'written' satisfies EventCause} as text)`.as('cause'),
              raw<string>`cast(${'reconnect-needed' satisfies EventOutcome} as text)`.as('outcome'),
              raw<string>`cast(${otherServer} as text)`.as('detail'),
              raw<number>`cast(${now + days(eventsKept.days)} as bigint)`.as('expires_at'),
            ])
            .where('t.state', '=', 'ready'),
        ),
    )
    // A refresh that is under way loses its lease: what it brings is of the old server.
    yield* run(
      sql
        .updateTable('upstream_tokens')
        .set({
          state: 'reconnect',
          state_reason: otherServer,
          state_at: now,
          lease_holder: null,
          lease_until: null,
        })
        .where('id', 'in', tokensOf(store, after.id).select('t.id'))
        .where('state', '=', 'ready'),
    )
  }
  if (secretSent || before.tokenUri !== after.tokenUri || before.clientId !== after.clientId)
    yield* run(
      sql
        .updateTable('upstream_tokens')
        .set({ retry_at: null, failures: 0 })
        .where('id', 'in', tokensOf(store, after.id).select('t.id')),
    )
}
