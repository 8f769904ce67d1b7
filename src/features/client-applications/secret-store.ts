import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'

/** When a secret was made and when it ends, if it does. Milliseconds since 1970. */
export type SecretDates = { readonly createdAt: number; readonly expiresAt: number | undefined }

/** Reads and writes of the secrets of client applications; each function is a command. */
export const createSecretStore = ({ sql }: Store) => {
  function* add(applicationId: number, hash: Uint8Array, now: number): Command<number> {
    const row = yield* first(
      sql
        .insertInto('client_secrets')
        .values({
          application_id: applicationId,
          secret_hash: hash,
          sealed: null,
          created_at: now,
          expires_at: null,
        })
        .returning('id'),
    )
    if (row === undefined) throw new Error('the database returned no id')
    return row.id
  }

  function* setSealed(secretId: number, sealed: string): Command<void> {
    yield* run(sql.updateTable('client_secrets').set({ sealed }).where('id', '=', secretId))
  }

  /** The secrets that still count, newest first. */
  function* live(applicationId: number, now: number): Command<readonly SecretDates[]> {
    const found = yield* all(
      sql
        .selectFrom('client_secrets')
        .select(['created_at', 'expires_at'])
        .where('application_id', '=', applicationId)
        .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', now)]))
        .orderBy('id', 'desc'),
    )
    return found.map((row) => ({
      createdAt: row.created_at,
      expiresAt: row.expires_at ?? undefined,
    }))
  }

  /** Ends every secret that there is at the given time, if it does not end before. */
  function* endAt(applicationId: number, at: number): Command<void> {
    yield* run(
      sql
        .updateTable('client_secrets')
        .set({ expires_at: at })
        .where('application_id', '=', applicationId)
        .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', at)])),
    )
  }

  function* removeAll(applicationId: number): Command<void> {
    yield* run(sql.deleteFrom('client_secrets').where('application_id', '=', applicationId))
  }

  function* readSealed(
    applicationId: number,
  ): Command<{ readonly id: number; readonly sealed: string | null } | undefined> {
    return yield* first(
      sql
        .selectFrom('client_secrets')
        .select(['id', 'sealed'])
        .where('application_id', '=', applicationId)
        .orderBy('id', 'desc')
        .limit(1),
    )
  }

  return { add, setSealed, readSealed, live, endAt, removeAll }
}
