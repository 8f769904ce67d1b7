import type { Clock } from '#lib/clock.ts'
import type { Secret } from '#lib/secret.ts'
import type { ClientType } from '#oauth/model.ts'
import { isBareHost } from '#oauth/redirect-uri.ts'
import type { RandomBytes } from '#oauth/token-format.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { requireStill } from '../access/still.ts'
import { type Caller, isAdministrator } from '../access/caller.ts'
import { systemTenantId } from '../access/permissions.ts'
import {
  endAccess,
  endByGrantType,
  endByOtherTenants,
  endByRedirectUri,
  endChainsOfApplication,
} from '../authorizations/ending.ts'
import { ManagementError, type RefusalRow, refusals } from '../refusals.ts'
import { type Application, type ApplicationFields, applicationFault } from './application.ts'
import type { MachineClients } from './machine-clients.ts'
import type { ApplicationSecrets } from './secrets.ts'
import type { SecretDates } from './secret-store.ts'
import type { ApplicationStore } from './store.ts'

/** An application with its secret, where that may be shown, and the dates of all that are valid, newest first. */
export type ShownApplication = {
  readonly application: Application
  readonly secret: Secret | undefined
  readonly liveSecrets: readonly SecretDates[]
}

type Deps = {
  readonly store: Store
  readonly applications: ApplicationStore
  readonly secrets: ApplicationSecrets
  readonly machines: MachineClients
  readonly clock: Clock
  readonly random: RandomBytes
}

/** HDP's form: nine digits, then a domain (reference A.0.1); unique in the database. */
const mintClientId = (random: RandomBytes): string => {
  const number = Buffer.from(random(6)).readUIntBE(0, 6) % 1_000_000_000
  return `${String(number).padStart(9, '0')}.apps.hdp`
}

/** Lists have no pages, and origins are looked through: one owner cannot make them long for everybody. */
const mostApplications = 500

const ownerOf = (caller: Caller): number | undefined =>
  isAdministrator(caller) ? undefined : caller.userId

const changesConsent = (before: Application, after: ApplicationFields): boolean =>
  before.name !== after.name || before.redirectUrls.join('\n') !== after.redirectUrls.join('\n')

/** DESIGN invariant 13: only an administrator opens an application to other tenants, or closes it, and only one of the system tenant. */
const checkAvailability = (
  caller: Caller,
  tenantId: number,
  availability: { readonly before: boolean; readonly after: boolean },
  row: RefusalRow,
): void => {
  if (availability.before === availability.after) return
  if (!isAdministrator(caller))
    throw new ManagementError(refusals.forbidden, 'availableToTenants needs Administrator (12).')
  if (tenantId !== systemTenantId)
    throw new ManagementError(row, 'availableToTenants is for applications of the system tenant.')
}

/** What a PUT makes of an application, and whether it says anew what a machine client reads. */
export type ApplicationChange = {
  readonly fields: ApplicationFields
  readonly setsDataSources: boolean
}

/** Removing a grant type or a redirect URI ends what depended on it (DESIGN invariant 12; T53); so does closing it to other tenants. */
function* endWhatIsTakenAway(
  store: Store,
  before: Application,
  after: ApplicationFields,
): Command<void> {
  for (const uri of before.redirectUrls)
    if (!isBareHost(uri) && !after.redirectUrls.includes(uri))
      yield* endByRedirectUri(store, before.id, uri, after.redirectUrls)
  for (const type of before.grantTypes)
    if (!after.grantTypes.includes(type)) yield* endByGrantType(store, before.id, type)
  if (before.availableToTenants && !after.availableToTenants)
    yield* endByOtherTenants(store, before.id, before.tenantId)
}

/** The rules of client applications: who may see which, and what a change ends. */
export const createApplicationService = (deps: Deps) => {
  const { store, applications, secrets, machines } = deps

  function* require(caller: Caller, id: number, missing: RefusalRow): Command<Application> {
    const application = yield* applications.read(id, ownerOf(caller))
    if (application === undefined) throw new ManagementError(missing)
    return application
  }

  function* show(application: Application, secret: Secret | undefined): Command<ShownApplication> {
    return { application, secret, liveSecrets: yield* secrets.live(application) }
  }

  const list = (caller: Caller) => store.read(() => applications.list(ownerOf(caller)))

  const read = (caller: Caller, id: number): Promise<ShownApplication> =>
    store.read(function* () {
      const application = yield* require(caller, id, refusals.applicationNotFound)
      return yield* show(application, yield* secrets.read(application))
    })

  const register = async (
    caller: Caller,
    fields: ApplicationFields,
    clientType: ClientType,
  ): Promise<ShownApplication> => {
    const fault = applicationFault(fields, clientType)
    if (fault !== undefined) throw new ManagementError(refusals.applicationNotCreated, fault)
    const availability = { before: false, after: fields.availableToTenants }
    checkAvailability(caller, caller.tenantId, availability, refusals.applicationNotCreated)
    const identity = {
      clientId: mintClientId(deps.random),
      clientType,
      createdAt: deps.clock.now(),
    }
    return store.write(function* () {
      yield* requireStill(store, caller)
      if (yield* applications.hasAtLeast(caller.userId, mostApplications))
        throw new ManagementError(
          refusals.applicationNotCreated,
          `You have ${mostApplications} applications; delete one that is not used.`,
        )
      const id = yield* applications.insert(caller, fields, identity)
      const application = yield* require(caller, id, refusals.applicationNotFound)
      if (application.grantTypes.includes('client_credentials'))
        yield* machines.authorize(caller, application, refusals.applicationNotCreated)
      return yield* show(application, yield* secrets.add(application))
    })
  }

  const update = async (
    caller: Caller,
    id: number,
    change: (before: Application) => ApplicationChange,
  ): Promise<ShownApplication> => {
    return store.write(function* () {
      yield* requireStill(store, caller)
      const before = yield* require(caller, id, refusals.applicationToUpdateNotFound)
      const { fields: after, setsDataSources } = change(before)
      const fault = applicationFault(after, before.clientType)
      if (fault !== undefined) throw new ManagementError(refusals.applicationNotUpdated, fault)
      const availability = { before: before.availableToTenants, after: after.availableToTenants }
      checkAvailability(caller, before.tenantId, availability, refusals.applicationNotUpdated)
      const revision = before.revision + (changesConsent(before, after) ? 1 : 0)
      yield* applications.update(id, after, revision)
      yield* endWhatIsTakenAway(store, before, after)
      if (before.enabled && !after.enabled)
        yield* machines.endAndRenew(before, () => endChainsOfApplication(store, id))
      yield* machines.change(caller, {
        before,
        after: { ...before, ...after, revision },
        setsDataSources,
      })
      const application = yield* require(caller, id, refusals.applicationToUpdateNotFound)
      return yield* show(application, yield* secrets.read(application))
    })
  }

  const remove = async (caller: Caller, id: number): Promise<void> => {
    await store.write(
      function* () {
        yield* requireStill(store, caller)
        yield* require(caller, id, refusals.applicationToDeleteNotFound)
        yield* applications.remove(id)
      },
      { patient: true },
    )
  }

  /**
   * A new secret, and the end of all access that was granted to the application, by every user (reference A.6).
   * With an overlap (milliseconds) the old secret stays valid for so long, and nothing ends.
   */
  const reset = (
    caller: Caller,
    id: number,
    overlap: number | undefined,
  ): Promise<ShownApplication> =>
    store.write(
      function* () {
        yield* requireStill(store, caller)
        const application = yield* require(caller, id, refusals.applicationToResetNotFound)
        if (overlap !== undefined)
          return yield* show(application, yield* secrets.addBeside(application, overlap))
        yield* secrets.removeAll(application)
        yield* machines.endAndRenew(application, () => endAccess(store, { applicationId: id }))
        return yield* show(application, yield* secrets.add(application))
      },
      { patient: true },
    )

  return { list, read, register, update, remove, reset }
}

export type ApplicationService = ReturnType<typeof createApplicationService>
