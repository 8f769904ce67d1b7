import { type Command, all, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { systemTenantId } from '../access/permissions.ts'
import type { OAuthApplication } from './application.ts'
import { columns, toApplication } from './store.ts'

/** The rule, asked of an application that was read. */
export const isUsableIn = (
  { tenantId, availableToTenants }: Pick<OAuthApplication, 'tenantId' | 'availableToTenants'>,
  ofTenant: number,
): boolean => tenantId === ofTenant || (tenantId === systemTenantId && availableToTenants)

/**
 * Which OAuth applications users of a tenant may use (OAuth reference C.1, DESIGN invariant 20): those of the tenant itself,
 * and those of the system tenant that are open to all; nobody any others (T83). Each function is a command.
 */
export const createUsableApplications = ({ sql }: Store) => {
  const usableIn = (tenantId: number) =>
    sql
      .selectFrom('oauth_applications')
      .where((e) =>
        e.or([
          e('tenant_id', '=', tenantId),
          e.and([e('tenant_id', '=', systemTenantId), e('available_to_tenants', '=', 1)]),
        ]),
      )

  /** Those of a data store, by id. */
  function* list(
    tenantId: number,
    dataStore: number,
  ): Command<readonly { readonly id: number; readonly name: string }[]> {
    return yield* all(
      usableIn(tenantId).select(['id', 'name']).where('data_store', '=', dataStore).orderBy('id'),
    )
  }

  /** One of them, or undefined. */
  function* read(tenantId: number, id: number): Command<OAuthApplication | undefined> {
    const row = yield* first(usableIn(tenantId).select(columns).where('id', '=', id))
    return row && toApplication(row)
  }

  const ofProfile = (profileId: number) =>
    sql
      .selectFrom('oauth_profiles as p')
      .innerJoin('oauth_applications as a', 'a.id', 'p.application_id')
      .select(columns.map((column) => `a.${column}` as const))
      .where('p.id', '=', profileId)
      .where((e) =>
        e.or([
          e('a.tenant_id', '=', e.ref('p.tenant_id')),
          e.and([e('a.tenant_id', '=', systemTenantId), e('a.available_to_tenants', '=', 1)]),
        ]),
      )

  /** The application of a profile, as long as the profile's tenant may use it; else undefined. */
  function* readOfProfile(profileId: number): Command<OAuthApplication | undefined> {
    const row = yield* first(ofProfile(profileId))
    return row && toApplication(row)
  }

  /**
   * The same with its sealed secret (secrets.ts opens it) and the tenant of the profile: in one statement, because a command with
   * `isolation: 'row-locks'` sees with a second one what was changed after the first.
   */
  function* readWithSecretOfProfile(profileId: number): Command<
    | {
        readonly application: OAuthApplication
        readonly sealedSecret: string | null
        readonly profileTenantId: number
      }
    | undefined
  > {
    const row = yield* first(
      ofProfile(profileId).select(['a.client_secret', 'p.tenant_id as profile_tenant_id']),
    )
    return (
      row && {
        application: toApplication(row),
        sealedSecret: row.client_secret,
        profileTenantId: row.profile_tenant_id,
      }
    )
  }

  return { list, read, readOfProfile, readWithSecretOfProfile }
}
