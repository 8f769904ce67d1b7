import { run } from './command.ts'
import { expiringTables } from './schema.ts'
import type { Store } from './store.ts'

/** Rows per statement: a sweep must not hold up those who wait for a commit. */
const batch = 500

const keys: Readonly<Record<(typeof expiringTables)[number], string>> = {
  login_failures: 'subject',
  sessions: 'session_hash',
  authorization_requests: 'request_hash',
  access_tokens: 'token_hash',
  refresh_tokens: 'token_hash',
  chains: 'id',
  client_secrets: 'id',
  upstream_events: 'id',
  oauth_connections: 'link_hash',
}

/**
 * Deletes every row that has expired, table by table, in small writes until none is left.
 * Answers how many there were.
 */
export const sweepExpired = async (store: Store, now: number): Promise<number> => {
  let total = 0
  for (const table of expiringTables) {
    for (;;) {
      const key = store.sql.dynamic.ref(keys[table])
      const dead = store.sql
        .selectFrom(table)
        .select(key as never)
        .where('expires_at', '<=', now)
        .limit(batch)
      const deleted = await store.write(
        () =>
          run(
            store.sql
              .deleteFrom(table)
              .where(key as never, 'in', dead as never)
              // Once more: a row may have been renewed while this waited for it.
              .where('expires_at', '<=', now),
          ),
        // What has expired was judged by its time, not by being there.
        { isolation: 'row-locks', forgets: () => false },
      )
      total += deleted
      if (deleted < batch) break
    }
  }
  return total
}
