import { createSealedValues } from '#features/sealed/data-keys.ts'
import { seedAccess } from '#features/setup/seed.ts'
import { createUpstreamTokenStore } from '#features/upstream-tokens/store.ts'
import type { TokenOwner } from '#features/upstream-tokens/token.ts'
import { systemClock } from '#lib/clock.ts'
import { Secret } from '#lib/secret.ts'
import { type Command, run } from '#store/command.ts'
import { openSqliteStore } from '#store/sqlite/store.ts'
import type { Store } from '#store/store.ts'
import type { KeyRing } from '#vault/keys.ts'

const owner: TokenOwner = { kind: 'profile', id: 1 }

/** What a profile hangs on. */
function* fill({ sql }: Store): Command<void> {
  yield* run(
    sql.insertInto('users').values({
      id: 1,
      tenant_id: 1,
      user_name: 'bench',
      user_name_key: 'bench',
      status: 1,
      password_hash: null,
      password_version: 1,
      password_status: 1,
      password_expires_at: null,
      created_at: 0,
    }),
  )
  yield* run(
    sql.insertInto('oauth_applications').values({
      id: 1,
      tenant_id: 1,
      data_store: 54,
      name: 'bench',
      name_key: 'bench',
      description: '',
      client_id: 'bench',
      client_secret: null,
      authorize_uri: 'https://bench.example/',
      token_uri: 'https://bench.example/',
      scope: '',
      available_to_tenants: 0,
      revision: 1,
      created_at: 0,
    }),
  )
  yield* run(
    sql.insertInto('oauth_profiles').values({
      id: 1,
      owner_id: 1,
      tenant_id: 1,
      application_id: 1,
      name: 'bench',
      name_key: 'bench',
      description: '',
      created_at: 0,
    }),
  )
}

/** An embedded store with the tokens of one profile: 200 bytes of access token, 100 of refresh token. */
export const openTokenStore = async (file: string, ring: KeyRing) => {
  const store = await openSqliteStore(file)
  const tokens = createUpstreamTokenStore(store, createSealedValues(store, ring, Date.now))
  await seedAccess(store, systemClock)
  await store.write(() => fill(store))
  const put = {
    accessToken: new Secret('a'.repeat(200)),
    refreshToken: new Secret('r'.repeat(100)),
    accessExpiresAt: undefined,
    issuedAt: undefined,
    scope: undefined,
    instanceUrl: undefined,
    account: undefined,
  }
  await store.write(() => tokens.put(owner, 1, put, Date.now()))
  const open = () =>
    store.read(function* () {
      const token = yield* tokens.read(owner)
      const pair = token && (yield* tokens.open(token))
      if (pair?.accessToken === undefined) throw new Error('the token did not open')
      return pair
    })
  return {
    read: () => store.read(() => tokens.read(owner)),
    open,
    close: store.close,
  }
}
