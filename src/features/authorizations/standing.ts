import { LocalAuthorizeError } from '#oauth/errors.ts'
import type { AuthorizationRequest, Client } from '#oauth/model.ts'
import { matchesRedirectUri } from '#oauth/redirect-uri.ts'
import { type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { systemTenantId } from '../access/permissions.ts'

/** The tenant of an active user; undefined for a disabled or deleted one. */
function* readUserTenant({ sql }: Store, userId: number): Command<number | undefined> {
  const row = yield* first(
    sql
      .selectFrom('users as u')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .select('u.tenant_id')
      .where('u.id', '=', userId)
      .where('u.status', '=', 1)
      .where('t.status', '=', 1),
  )
  return row?.tenant_id
}

/** Who would give access to which application, and where the answer would go. */
export type Asked = {
  readonly userId: number
  readonly client: Client
  readonly request: AuthorizationRequest
}

/**
 * Checks that this user may give this application access (DESIGN invariant 13): users of the owner's tenant,
 * or of any when the system tenant's application says so. Asked when a flow goes on and again when it ends.
 * Answers the application's revision; throws `LocalAuthorizeError`.
 */
export function* requireStanding(store: Store, of: Asked): Command<number> {
  const application = yield* first(
    store.sql
      .selectFrom('client_applications as a')
      .innerJoin('users as o', 'o.id', 'a.owner_id')
      .innerJoin('tenants as t', 't.id', 'a.tenant_id')
      .select([
        'a.revision',
        'a.redirect_uris',
        'a.client_type',
        'a.tenant_id',
        'a.available_to_tenants',
        'a.enabled',
        'o.status as owner',
        't.status as tenant',
      ])
      .where('a.id', '=', of.client.applicationId),
  )
  if (
    application === undefined ||
    application.enabled * application.owner * application.tenant !== 1
  )
    throw new LocalAuthorizeError('This application was disabled or deleted.')
  // The owner may have removed the redirect URI while the user was deciding (T53).
  const registered = JSON.parse(application.redirect_uris) as string[]
  if (!matchesRedirectUri(registered, of.request.redirectUri, application.client_type))
    throw new LocalAuthorizeError('The application has changed where it wants to be answered.')
  const userTenant = yield* readUserTenant(store, of.userId)
  if (userTenant === undefined)
    throw new LocalAuthorizeError('This account cannot give access any more.')
  const shared = application.tenant_id === systemTenantId && application.available_to_tenants === 1
  if (userTenant !== application.tenant_id && !shared)
    throw new LocalAuthorizeError(
      'This application belongs to another organisation; your account cannot give it access.',
    )
  return application.revision
}
