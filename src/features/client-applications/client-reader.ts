import type { GrantType } from '#oauth/model.ts'
import type { ClientReader } from '#oauth/ports.ts'
import { redirectOrigin } from '#oauth/redirect-uri.ts'
import { type Command, all, first, prepare } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { GrantRule } from './application.ts'

type ClientRow = {
  id: number
  client_id: string
  client_type: 'confidential' | 'public'
  name: string
  redirect_uris: string
  grant_types: string
  rotate_refresh_tokens: number
  alive: number
}

/** No id of ours is longer; what strangers send instead of one is not remembered. */
const longestRecalled = 100

/** Client applications as the protocol reads them. An application of a disabled owner or tenant is disabled. */
export const createClientReader = (
  store: Store,
  grantTypesOf: GrantRule,
): ClientReader & { readonly publicOrigins: () => Promise<ReadonlySet<string>> } => {
  const { sql } = store
  const byClientId = prepare<{ clientId: string }, ClientRow>((slot) =>
    sql
      .selectFrom('client_applications as a')
      .innerJoin('users as u', 'u.id', 'a.owner_id')
      .innerJoin('tenants as t', 't.id', 'a.tenant_id')
      .select([
        'a.id',
        'a.client_id',
        'a.client_type',
        'a.name',
        'a.redirect_uris',
        'a.grant_types',
        'a.rotate_refresh_tokens',
      ])
      .select((e) => e(e('a.enabled', '*', e.ref('u.status')), '*', e.ref('t.status')).as('alive'))
      .where('a.client_id', '=', slot('clientId')),
  )
  const secretsOf = prepare<{ id: number }, { secret_hash: Uint8Array; expires_at: number | null }>(
    (slot) =>
      sql
        .selectFrom('client_secrets')
        .select(['secret_hash', 'expires_at'])
        .where('application_id', '=', slot('id')),
  )

  function* read(clientId: string): Command<Awaited<ReturnType<ClientReader['readClient']>>> {
    const row = yield* first(byClientId({ clientId }))
    if (row === undefined) return undefined
    const secrets = yield* all(secretsOf({ id: row.id }))
    return {
      applicationId: row.id,
      clientId: row.client_id,
      type: row.client_type,
      name: row.name,
      redirectUris: JSON.parse(row.redirect_uris) as string[],
      grantTypes: grantTypesOf({
        clientType: row.client_type,
        grantTypes: JSON.parse(row.grant_types) as GrantType[],
      }),
      rotatesRefreshTokens: row.rotate_refresh_tokens === 1,
      enabled: row.alive === 1,
      secrets: secrets.map((s) => ({ hash: s.secret_hash, expiresAt: s.expires_at ?? undefined })),
    }
  }

  /** Web origins of enabled public applications: pages there may call the token endpoint (T03: whole origins only). */
  const publicOrigins = () =>
    store.recall('public-origins', function* (): Command<ReadonlySet<string>> {
      const rows = yield* all(
        sql
          .selectFrom('client_applications')
          .select('redirect_uris')
          .where('client_type', '=', 'public')
          .where('enabled', '=', 1),
      )
      const uris = rows.flatMap((row) => JSON.parse(row.redirect_uris) as string[])
      return new Set(uris.map(redirectOrigin).filter((origin) => origin !== undefined))
    })

  const readClient: ClientReader['readClient'] = (clientId, options = {}) =>
    clientId.length > longestRecalled
      ? store.read(() => read(clientId))
      : store.recall(`client/${clientId}`, () => read(clientId), options)

  return { readClient, publicOrigins }
}
