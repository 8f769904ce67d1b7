import { LocalAuthorizeError } from '#oauth/errors.ts'
import type { AuthorizationRequest, Client, ClientType, GrantType } from '#oauth/model.ts'
import { matchesRedirectUri } from '#oauth/redirect-uri.ts'
import { type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { systemTenantId } from '../access/permissions.ts'
import { isStale } from '../users/store.ts'

/** What an application is at this moment, as far as giving it access is concerned. */
export type ApplicationStanding = {
  readonly revision: number
  readonly clientType: ClientType
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly tenantId: number
  readonly availableToTenants: boolean
  /** Neither it nor its owner nor its tenant is disabled. */
  readonly alive: boolean
}

/** The application, read in the command that relies on it; undefined when it was deleted. */
export function* readApplicationStanding(
  { sql }: Store,
  applicationId: number,
): Command<ApplicationStanding | undefined> {
  const row = yield* first(
    sql
      .selectFrom('client_applications as a')
      .innerJoin('users as o', 'o.id', 'a.owner_id')
      .innerJoin('tenants as t', 't.id', 'a.tenant_id')
      .select(['a.revision', 'a.redirect_uris', 'a.grant_types', 'a.client_type', 'a.tenant_id'])
      .select(['a.available_to_tenants', 'a.enabled', 'o.status as owner', 't.status as tenant'])
      .where('a.id', '=', applicationId),
  )
  return (
    row && {
      revision: row.revision,
      clientType: row.client_type,
      redirectUris: JSON.parse(row.redirect_uris) as string[],
      grantTypes: JSON.parse(row.grant_types) as GrantType[],
      tenantId: row.tenant_id,
      availableToTenants: row.available_to_tenants === 1,
      alive: row.enabled * row.owner * row.tenant === 1,
    }
  )
}

/**
 * Whether this user may give this application access (DESIGN invariant 13): an active user of the owner's tenant, or of
 * any when the system tenant's application says so.
 * @param password when given, it must still be the one that was checked, and open more than its own change
 */
export function* mayAuthorize(
  { sql }: Store,
  userId: number,
  application: ApplicationStanding,
  password?: { readonly version: number; readonly now: number },
): Command<'yes' | 'not active' | 'other tenant'> {
  const user = yield* first(
    sql
      .selectFrom('users as u')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .select(['u.tenant_id', 'u.password_version', 'u.password_status', 'u.password_expires_at'])
      .where('u.id', '=', userId)
      .where('u.status', '=', 1)
      .where('t.status', '=', 1),
  )
  if (user === undefined) return 'not active'
  if (password !== undefined)
    if (user.password_version !== password.version || isStale(user, password.now))
      return 'not active'
  const shared = application.tenantId === systemTenantId && application.availableToTenants
  return user.tenant_id === application.tenantId || shared ? 'yes' : 'other tenant'
}

/** Who would give access to which application, and where the answer would go. */
export type Asked = {
  readonly userId: number
  readonly client: Client
  readonly request: AuthorizationRequest
}

/**
 * Checks that this user may give this application access by the authorization endpoint. Asked when a flow goes on and
 * again when it ends. Answers the application's revision; throws `LocalAuthorizeError`.
 */
export function* requireStanding(store: Store, of: Asked): Command<number> {
  const application = yield* readApplicationStanding(store, of.client.applicationId)
  if (!application?.alive)
    throw new LocalAuthorizeError('This application was disabled or deleted.')
  // The owner may have removed the redirect URI or the grant type while the user was deciding (T53).
  const { redirectUris, clientType } = application
  if (!matchesRedirectUri(redirectUris, of.request.redirectUri, clientType))
    throw new LocalAuthorizeError('The application has changed where it wants to be answered.')
  if (!application.grantTypes.includes('authorization_code'))
    throw new LocalAuthorizeError('The application does not ask for access in this way any more.')
  switch (yield* mayAuthorize(store, of.userId, application)) {
    case 'not active':
      throw new LocalAuthorizeError('This account cannot give access any more.')
    case 'other tenant':
      throw new LocalAuthorizeError(
        'This application belongs to another organisation; your account cannot give it access.',
      )
    case 'yes':
      return application.revision
  }
}
