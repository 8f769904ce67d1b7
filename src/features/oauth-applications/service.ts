import type { AddressPolicy } from '#egress/address-policy.ts'
import type { Clock } from '#lib/clock.ts'
import type { Secret } from '#lib/secret.ts'
import { type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { requireStill } from '../access/still.ts'
import type { Caller } from '../access/caller.ts'
import { oauthReach } from '../access/oauth-reach.ts'
import { systemTenantId } from '../access/permissions.ts'
import { intersect, isWithin, requireWithin } from '../access/reach.ts'
import { filterReach, type TenantFilter } from '../access/tenant-filter.ts'
import { removeProfiles } from '../oauth-profiles/store.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import {
  type OAuthApplication,
  oauthApplicationFault,
  type SentOAuthApplication,
  takesOAuth,
} from './application.ts'
import { applyChange } from './consequences.ts'
import { type ApplicationDependent, readDependents } from './dependents.ts'
import type { RedirectUris } from './redirect-uri.ts'
import { createOAuthSecrets } from './secrets.ts'
import { createOAuthApplicationStore, type OAuthApplicationPage } from './store.ts'
import { createUsableApplications } from './usable.ts'

type Deps = {
  readonly store: Store
  readonly sealed: SealedValues
  readonly clock: Clock
  readonly addresses: AddressPolicy
  readonly redirectUris: RedirectUris
  /** HEADGATE_HDP=show-secrets: secrets are shown again. */
  readonly showSecrets: boolean
}

/** Who asks, and for whom it is done. */
export type Asked = { readonly caller: Caller; readonly subject: Caller }

/** An application with its secret, where that may be shown. */
export type ShownOAuthApplication = {
  readonly application: OAuthApplication
  /** Where its data store sends people back to: to be registered there. */
  readonly redirectUri: string
  readonly secret: Secret | undefined
}

const refuse = (explanation: string): never => {
  throw new ManagementError(refusals.invalidInput, explanation)
}

const nameTaken = (): ManagementError =>
  new ManagementError(
    refusals.duplicateName,
    'The tenant has an OAuth application of this name for this data store; case does not count.',
  )

/**
 * Whether users of other tenants may use it (DESIGN invariant 20): true for one of the system tenant unless said otherwise,
 * and never for another one, where to ask for it is refused.
 */
const availabilityOf = (
  sent: boolean | undefined,
  tenantId: number,
  otherwise: boolean,
): boolean => {
  if (tenantId === systemTenantId) return sent ?? otherwise
  if (sent === true)
    refuse('availableToTenants can be true for applications of the system tenant alone.')
  return false
}

/** What a profile and its callback hang on cannot be changed; another application can be created. */
const checkUnchanged = (before: OAuthApplication, sent: SentOAuthApplication): void => {
  if (sent.dataStore !== before.dataStore)
    refuse('dataStore cannot be changed; create another OAuth application.')
  if (sent.tenantId !== undefined && sent.tenantId !== before.tenantId)
    refuse('tenantId cannot be changed; create another OAuth application.')
}

const changedBy = (before: OAuthApplication, sent: SentOAuthApplication): OAuthApplication => {
  const { clientSecret: _, ...fields } = sent
  const { id, tenantId, availableToTenants, revision } = before
  return {
    ...fields,
    id,
    tenantId,
    availableToTenants: availabilityOf(sent.availableToTenants, tenantId, availableToTenants),
    revision: revision + 1,
  }
}

function* requireTenant({ sql }: Store, tenantId: number): Command<void> {
  const known = yield* first(sql.selectFrom('tenants').select('id').where('id', '=', tenantId))
  if (known === undefined) throw new ManagementError(refusals.noSuchTenant)
}

/** The rules of OAuth applications (OAuth reference C.1 to C.3): who may see, change and use which. */
export const createOAuthApplicationService = (deps: Deps) => {
  const { store } = deps
  const rows = createOAuthApplicationStore(store)
  const secrets = createOAuthSecrets(store, deps.sealed)

  const check = (sent: SentOAuthApplication): void => {
    const fault = oauthApplicationFault(sent, deps.addresses)
    if (fault !== undefined) refuse(fault)
    if (!takesOAuth(sent.dataStore))
      refuse('dataStore must be 1, 54, 62 or 63: the others take no OAuth applications.')
  }

  /** One that lies outside of the reach is answered like one that is not there (T67). */
  function* require({ caller, subject }: Asked, id: number): Command<OAuthApplication> {
    const application = yield* rows.read(id)
    if (application === undefined || !isWithin(oauthReach(caller, subject), application.tenantId))
      throw new ManagementError(
        refusals.oauthApplicationNotFound,
        `The OAuthApplicationId ${id} is not valid.`,
      )
    return application
  }

  const list = (asked: Asked, filter: TenantFilter, page: OAuthApplicationPage) =>
    store.read(function* () {
      const { caller, subject } = asked
      // All filters hold at once (OAuth reference E.5); what is refused depends on the caller's own reach alone.
      const filtered = yield* filterReach(store, oauthReach(caller), filter)
      return yield* rows.list(intersect(filtered, oauthReach(caller, subject)), page)
    })

  /** Those that the caller may use for data sources of a data store: id and name. Throws 404 for a data store that takes none. */
  const usable = async (caller: Caller, dataStore: number) => {
    if (!takesOAuth(dataStore)) throw new ManagementError(refusals.oauthDataStoreNotFound)
    return store.read(() => createUsableApplications(store).list(caller.tenantId, dataStore))
  }

  const shown = (
    application: OAuthApplication,
    secret: Secret | undefined,
  ): ShownOAuthApplication => ({
    application,
    redirectUri: deps.redirectUris.of(application),
    secret: deps.showSecrets ? secret : undefined,
  })

  const read = (asked: Asked, id: number): Promise<ShownOAuthApplication> =>
    store.read(function* () {
      const application = yield* require(asked, id)
      return shown(application, deps.showSecrets ? yield* secrets.open(application) : undefined)
    })

  const create = async (
    { caller, subject }: Asked,
    sent: SentOAuthApplication & { readonly clientSecret: Secret },
  ): Promise<ShownOAuthApplication> => {
    const tenantId = sent.tenantId ?? subject.tenantId
    requireWithin(oauthReach(caller, subject), tenantId)
    check(sent)
    const availableToTenants = availabilityOf(sent.availableToTenants, tenantId, true)
    return store.write(function* () {
      yield* requireStill(store, caller)
      yield* requireTenant(store, tenantId)
      const { clientSecret, ...fields } = sent
      const draft = { ...fields, tenantId, availableToTenants }
      const id = yield* rows.insert(draft, deps.clock.now())
      if (id === undefined) throw nameTaken()
      const application: OAuthApplication = { ...draft, id, revision: 1 }
      yield* secrets.write(application, clientSecret)
      return shown(application, clientSecret)
    })
  }

  /** Replaces everything but data store and tenant; without `clientSecret` and `availableToTenants` these stay as they are. */
  const update = async (
    asked: Asked,
    id: number,
    sent: SentOAuthApplication,
  ): Promise<ShownOAuthApplication> =>
    store.write(function* () {
      yield* requireStill(store, asked.caller)
      const before = yield* require(asked, id)
      checkUnchanged(before, sent)
      check(sent)
      if (yield* rows.isTaken(before, sent.name)) throw nameTaken()
      const application = changedBy(before, sent)
      const secret = yield* secrets.after(before, sent)
      yield* rows.update(application)
      yield* secrets.write(application, secret)
      const change = { before, after: application, secretSent: sent.clientSecret !== undefined }
      yield* applyChange(store, change, deps.clock.now())
      return shown(application, secret)
    })

  /** Its profiles go with it, and data sources lose them: HDP refuses nothing here (OAuth reference C.3). Throws 404. */
  const remove = async (asked: Asked, id: number): Promise<void> => {
    await store.write(function* () {
      yield* requireStill(store, asked.caller)
      yield* require(asked, id)
      yield* removeProfiles(store, 'application_id', id)
      yield* rows.remove(id)
    })
  }

  /** What deleting it would take along. Throws 404. */
  const dependents = (asked: Asked, id: number): Promise<readonly ApplicationDependent[]> =>
    store.read(function* () {
      yield* require(asked, id)
      return yield* readDependents(store, asked.caller, id)
    })

  return { list, usable, read, create, update, remove, dependents }
}

export type OAuthApplicationService = ReturnType<typeof createOAuthApplicationService>
