import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Secret } from '#lib/secret.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { placeOf } from './store.ts'
import type { TokenPair, UpstreamToken } from './token.ts'

/**
 * Seals tokens for another tenant, as a command; what is known of them stays. A refresh that is under way would be of no effect: who
 * moves tokens looks for one before.
 * @param pair as they opened where they were
 */
export function* moveTokens(
  { sql }: Store,
  sealed: SealedValues,
  { token, pair }: { readonly token: UpstreamToken; readonly pair: TokenPair },
  tenantId: number,
): Command<void> {
  const place = { id: token.id, tenantId, generation: token.generation + 1 }
  function* seal(column: Parameters<typeof placeOf>[1], secret: Secret | undefined) {
    return secret && (yield* sealed.seal(placeOf(place, column), secret.reveal()))
  }
  yield* run(
    sql
      .updateTable('upstream_tokens')
      .set({
        tenant_id: tenantId,
        generation: place.generation,
        access_token: (yield* seal('access_token', pair.accessToken)) ?? null,
        refresh_token: (yield* seal('refresh_token', pair.refreshToken)) ?? null,
      })
      .where('id', '=', token.id),
  )
}
