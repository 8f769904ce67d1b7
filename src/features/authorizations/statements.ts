import { sql as raw } from 'kysely'
import { prepare } from '#store/command.ts'
import type { Store } from '#store/store.ts'

/** The writes of the token endpoint, compiled once: building a statement costs more than running it. */
export const createTokenStatements = ({ sql }: Store) => ({
  insertAccessToken: prepare<
    { hash: Uint8Array; chain: number; now: number; until: number },
    never
  >((slot) =>
    sql.insertInto('access_tokens').values({
      token_hash: slot('hash'),
      chain_id: slot('chain'),
      created_at: slot('now'),
      expires_at: slot('until'),
    }),
  ),
  insertRefreshToken: prepare<
    { hash: Uint8Array; chain: number; generation: number; now: number; until: number },
    never
  >((slot) =>
    sql.insertInto('refresh_tokens').values({
      token_hash: slot('hash'),
      chain_id: slot('chain'),
      generation: slot('generation'),
      rotated_at: null,
      replay: null,
      created_at: slot('now'),
      expires_at: slot('until'),
    }),
  ),
  extendChain: prepare<{ chain: number; until: number }, never>((slot) =>
    sql
      .updateTable('chains')
      .set({ expires_at: slot('until') })
      .where('id', '=', slot('chain')),
  ),
  /** Only from the given generation: this decides who rotates (T29). */
  advanceChain: prepare<{ chain: number; until: number; generation: number; next: number }, never>(
    (slot) =>
      sql
        .updateTable('chains')
        .set({ expires_at: slot('until'), generation: slot('next') })
        .where('id', '=', slot('chain'))
        .where('generation', '=', slot('generation')),
  ),
  extendRefreshToken: prepare<{ hash: Uint8Array; until: number }, never>((slot) =>
    sql
      .updateTable('refresh_tokens')
      .set({ expires_at: slot('until') })
      .where('token_hash', '=', slot('hash')),
  ),
  /** One token of a chain has each generation; the answer of the rotation before the last can no longer be asked for. */
  markRotated: prepare<
    { chain: number; generation: number; before: number; now: number; replay: string },
    never
  >((slot) =>
    sql
      .updateTable('refresh_tokens')
      .set({
        rotated_at: raw<number>`case when generation = ${slot('generation')} then cast(${slot('now')} as bigint) else rotated_at end`,
        replay: raw<
          string | null
        >`case when generation = ${slot('generation')} then cast(${slot('replay')} as text) end`,
      })
      .where('chain_id', '=', slot('chain'))
      .where('generation', 'in', [slot('before'), slot('generation')]),
  ),
})

export type TokenStatements = ReturnType<typeof createTokenStatements>
