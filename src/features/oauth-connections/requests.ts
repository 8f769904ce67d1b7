import { Secret } from '#lib/secret.ts'
import { mintToken } from '#oauth/token-format.ts'
import type { Caller } from '../access/caller.ts'
import { requireStill } from '../access/still.ts'
import { profileDescriptionFault, profileNameFault } from '../oauth-profiles/profile.ts'
import { createOAuthProfileStore } from '../oauth-profiles/store.ts'
import { requireUsableApplication } from '../oauth-profiles/usable.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { lifetimes } from './connection.ts'
import type { ConnectionDeps } from './deps.ts'
import { insertConnection } from './store.ts'

/** What is to be connected: a new profile, or again the one of an id. */
export type AskedConnection =
  | { readonly name: string; readonly description: string }
  | { readonly profileId: number }

/** Requests for links. */
export const createConnectionRequests = (deps: ConnectionDeps) => {
  const { store, clock, hash } = deps
  const profiles = createOAuthProfileStore(store)

  /** The profile that is to be connected again: one's own, of that application; else 400 like one that does not exist. */
  function* requireProfile(caller: Caller, applicationId: number, id: number) {
    const profile = yield* profiles.read(id)
    if (profile?.ownerId !== caller.userId || profile.applicationId !== applicationId)
      throw new ManagementError(
        refusals.noSuchOAuthProfile,
        `The OAuthProfileId ${id} is not valid.`,
      )
    return { name: profile.name, description: profile.description, profileId: id }
  }

  function* requireNew(caller: Caller, sent: { name: string; description: string }) {
    const fault = profileNameFault(sent.name) ?? profileDescriptionFault(sent.description)
    if (fault !== undefined) throw new ManagementError(refusals.invalidInput, fault)
    if (yield* profiles.isTaken(caller.userId, sent.name))
      throw new ManagementError(
        refusals.duplicateName,
        'You have an OAuth profile of this name; case does not count.',
      )
    return { ...sent, profileId: undefined }
  }

  /**
   * Makes a link, told once. Throws 404 for an application that the caller may not use, 400 for a profile that is not the
   * caller's or of another application, and for a name that does not fit or is taken.
   */
  const request = async (
    caller: Caller,
    applicationId: number,
    asked: AskedConnection,
  ): Promise<{ readonly link: Secret; readonly expiresAt: number }> => {
    const link = mintToken('connectionLink', deps.random)
    const now = clock.now()
    await store.write(function* () {
      yield* requireStill(store, caller)
      yield* requireUsableApplication(store, caller.tenantId, applicationId, 'path')
      const what =
        'profileId' in asked
          ? yield* requireProfile(caller, applicationId, asked.profileId)
          : yield* requireNew(caller, asked)
      const { userId, tenantId } = caller
      const linkHash = hash('connection-link', link)
      yield* insertConnection(store, { ...what, linkHash, userId, tenantId, applicationId }, now)
    })
    return {
      link: new Secret(`${deps.publicUrl}/connect/${link}`),
      expiresAt: now + lifetimes.link,
    }
  }

  return { request }
}
