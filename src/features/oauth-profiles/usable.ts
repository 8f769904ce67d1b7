import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { OAuthApplication } from '../oauth-applications/application.ts'
import { createUsableApplications } from '../oauth-applications/usable.ts'
import { ManagementError, refusals } from '../refusals.ts'

// Whose registration at a data store may be used by whom (OAuth reference C.1, DESIGN invariant 20). One of the own tenant,
// and one of the system tenant that is open to all: nobody else's, also not by an administrator (T83).

/**
 * The application of an id, which a user of the tenant may use. One that is not usable there is not told from one that does
 * not exist: throws 222207711, 404 where the id is in the path, 400 where it is in a body.
 */
export function* requireUsableApplication(
  store: Store,
  tenantId: number,
  id: number,
  where: 'path' | 'body',
): Command<OAuthApplication> {
  const application = yield* createUsableApplications(store).read(tenantId, id)
  if (application === undefined)
    throw new ManagementError(
      where === 'path' ? refusals.oauthApplicationNotFound : refusals.noSuchOAuthApplication,
      `The OAuthApplicationId ${id} is not valid.`,
    )
  return application
}

/**
 * The application of a profile, as long as the profile's tenant may use it; else undefined: the profile stays, and gets no
 * tokens. It is asked for each time that tokens are to be used, so that an administrator can end that (`availableToTenants`).
 */
export function* readApplicationOfProfile(
  store: Store,
  profileId: number,
): Command<OAuthApplication | undefined> {
  return yield* createUsableApplications(store).readOfProfile(profileId)
}
