import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { days } from '#lib/clock.ts'
import { ownerColumn } from './store.ts'
import type { TokenEvent, TokenOwner } from './token.ts'

/** The flight recorder keeps so much of each owner's tokens: nothing grows for ever. */
export const eventsKept = { days: 90, each: 200 } as const

/** The flight recorder of upstream tokens; each function is a command. */
export const createTokenHistory = ({ sql }: Store) => {
  /** Writes into the flight recorder, and lets the oldest entries go. */
  function* record(tokenId: number, event: TokenEvent): Command<void> {
    yield* run(
      sql.insertInto('upstream_events').values({
        token_id: tokenId,
        at: event.at,
        cause: event.cause,
        outcome: event.outcome,
        detail: event.detail ?? null,
        expires_at: event.at + days(eventsKept.days),
      }),
    )
    const oldest = sql
      .selectFrom('upstream_events')
      .select('id')
      .where('token_id', '=', tokenId)
      .orderBy('id', 'desc')
      .limit(1)
      .offset(eventsKept.each)
    yield* run(
      sql.deleteFrom('upstream_events').where('token_id', '=', tokenId).where('id', '<=', oldest),
    )
  }

  /** What happened, newest first. */
  function* read(owner: TokenOwner): Command<readonly TokenEvent[]> {
    const rows = yield* all(
      sql
        .selectFrom('upstream_events as e')
        .innerJoin('upstream_tokens as t', 't.id', 'e.token_id')
        .select(['e.at', 'e.cause', 'e.outcome', 'e.detail'])
        .where(`t.${ownerColumn(owner)}`, '=', owner.id)
        .orderBy('e.id', 'desc'),
    )
    return rows.map((row) => ({
      at: row.at,
      cause: row.cause as TokenEvent['cause'],
      outcome: row.outcome as TokenEvent['outcome'],
      detail: row.detail ?? undefined,
    }))
  }

  /** When tokens were last renewed because the upstream had refused one; undefined where they never were. */
  function* lastRejection(tokenId: number): Command<number | undefined> {
    const row = yield* first(
      sql
        .selectFrom('upstream_events')
        .select('at')
        .where('token_id', '=', tokenId)
        .where('cause', '=', 'rejected')
        .where('outcome', '=', 'refreshed')
        .orderBy('id', 'desc')
        .limit(1),
    )
    return row?.at
  }

  return { record, read, lastRejection }
}

export type TokenHistory = ReturnType<typeof createTokenHistory>
