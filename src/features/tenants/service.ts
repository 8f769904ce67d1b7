import type { Clock } from '#lib/clock.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { requireStill } from '../access/still.ts'
import { requireAnAdministrator } from '../access/administrators.ts'
import { type Caller, isAdministrator } from '../access/caller.ts'
import { withNamesFor } from '../access/names.ts'
import { permission, systemTenantId } from '../access/permissions.ts'
import { isSystemCaller, isWithin, reachOf } from '../access/reach.ts'
import { pieceOf } from '../parameters.ts'
import { type Dependent, ManagementError, type RefusalRow, refusals } from '../refusals.ts'
import {
  appointAdministrators,
  readAdministrators,
  replaceAdministrators,
} from './administrators.ts'
import { importRoles } from './imported-roles.ts'
import { checkMayChangeUsersOf, readDependents, removeTenant } from './removal.ts'
import { createTenantStore, type Page } from './store.ts'
import {
  parentOf,
  type Tenant,
  type TenantDetails,
  tenantFault,
  type TenantFields,
} from './tenant.ts'

/** A tenant, with what was asked for beside it. */
export type ShownTenant = { readonly tenant: Tenant } & Partial<TenantDetails>

export type NewTenant = {
  readonly fields: TenantFields
  readonly parentTenant: number
  /** Roles of the system tenant to be copied. */
  readonly importedRoles: readonly number[]
  /** Users who get administrative access. */
  readonly admins: readonly number[]
}

export type TenantChange = {
  readonly fields: TenantFields
  /** Undefined: as it is. */
  readonly parentTenant: number | null | undefined
  readonly details: boolean
}

const nameTaken = (): ManagementError =>
  new ManagementError(refusals.duplicateName, 'There is a tenant of this name.')

const checkFields = (
  fields: TenantFields,
  parents: { readonly given: number | null; readonly must: number | null },
) => {
  const fault =
    parents.given === parents.must ? tenantFault(fields) : `parentTenant must be ${parents.must}.`
  if (fault !== undefined) throw new ManagementError(refusals.invalidInput, fault)
}

/** The system tenant cannot go, and nobody shuts the door behind themselves. Throws 400. */
const checkMayGo = (caller: Caller, id: number): void => {
  if (id === systemTenantId) throw new ManagementError(refusals.systemTenant)
  if (id === caller.tenantId)
    throw new ManagementError(refusals.ownAccount, 'It is your own tenant.')
}

/** The rules of tenants (management reference 3.2 and 3.3): who may see and change which, and what ends with one. */
export const createTenants = ({
  store,
  clock,
}: {
  readonly store: Store
  readonly clock: Clock
}) => {
  const tenants = createTenantStore(store)

  /** A tenant out of reach is not told from one that does not exist. */
  function* require(
    caller: Caller,
    id: number,
    missing: RefusalRow = refusals.tenantNotFound,
  ): Command<Tenant> {
    const reached = isWithin(reachOf(caller, permission.tenantApi), id)
    const tenant = reached ? yield* tenants.read(id) : undefined
    if (tenant === undefined) throw new ManagementError(missing)
    return tenant
  }

  function* show(tenant: Tenant, details: boolean): Command<ShownTenant> {
    if (!details) return { tenant }
    const admins = yield* readAdministrators(store, tenant.id)
    return { tenant, roles: yield* tenants.rolesOf(tenant.id), admins }
  }

  /** The tenants that the caller may administer. */
  const list = async (caller: Caller, page: Page) =>
    pieceOf(
      await store.read(() => tenants.list(reachOf(caller, permission.tenantApi), page)),
      page.limit,
    )

  /** Throws 404. */
  const read = (caller: Caller, id: number, details: boolean): Promise<ShownTenant> =>
    store.read(function* () {
      return yield* show(yield* require(caller, id), details)
    })

  /**
   * A tenant with copies of roles, its maker and who else was named as its administrators. Throws 403 for a caller of
   * another tenant than the system's, and where the copies would hold what the caller lacks; 400 for what does not fit.
   */
  const create = async (caller: Caller, made: NewTenant): Promise<ShownTenant> => {
    if (!isSystemCaller(caller) && !isAdministrator(caller))
      throw new ManagementError(
        refusals.forbidden,
        'Only users of the system tenant create tenants.',
      )
    checkFields(made.fields, { given: made.parentTenant, must: systemTenantId })
    return store.write(function* () {
      yield* requireStill(store, caller)
      const id = yield* tenants.insert(made.fields, clock.now())
      if (id === undefined) throw nameTaken()
      yield* importRoles(store, caller, id, made.importedRoles)
      yield* appointAdministrators(store, caller, id, made.admins)
      return { tenant: { id, ...made.fields }, roles: yield* tenants.rolesOf(id) }
    })
  }

  /**
   * Replaces name, description and status. Disabling refuses everything of the tenant's users and of the applications owned
   * there while it lasts (DESIGN invariant 16). Throws 404, 400 for what does not fit, 403 where a user of the tenant holds
   * what the caller lacks.
   */
  const update = (caller: Caller, id: number, change: TenantChange): Promise<ShownTenant> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      const before = yield* require(caller, id)
      const must = parentOf(id)
      const { fields, parentTenant: given = must } = change
      checkFields(fields, { given, must })
      if (!fields.active) checkMayGo(caller, id)
      if (before.active !== fields.active) yield* checkMayChangeUsersOf(store, caller, id)
      if (!(yield* tenants.update(id, fields))) throw nameTaken()
      const shown = yield* show({ id, ...fields }, change.details)
      yield* requireAnAdministrator(store)
      return shown
    })

  /** Throws 404; 400 for the system tenant, the caller's own, and (with the list) one that something hangs on. */
  const remove = (caller: Caller, id: number, cascades: boolean): Promise<void> =>
    store.write(
      function* () {
        yield* requireStill(store, caller)
        yield* require(caller, id)
        checkMayGo(caller, id)
        yield* removeTenant(store, caller, id, cascades)
        yield* requireAnAdministrator(store)
      },
      { patient: true },
    )

  /** What deleting would be refused for. Throws 404. */
  const dependents = (caller: Caller, id: number): Promise<readonly Dependent[]> =>
    store.read(function* () {
      yield* require(caller, id)
      return withNamesFor(caller, id, yield* readDependents(store, id))
    })

  /** Who has administrative access. Throws 404. */
  const administrators = (caller: Caller, id: number): Promise<readonly number[]> =>
    store.read(function* () {
      yield* require(caller, id)
      return yield* readAdministrators(store, id)
    })

  /** Replaces who has administrative access; answers who has it now. Throws 404, 400 for who cannot be named, 403 for who has more than the caller. */
  const setAdministrators = (
    caller: Caller,
    id: number,
    userIds: readonly number[],
  ): Promise<readonly number[]> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      yield* require(caller, id)
      yield* replaceAdministrators(store, caller, id, userIds)
      return yield* readAdministrators(store, id)
    })

  return { list, read, create, update, remove, dependents, administrators, setAdministrators }
}

export type Tenants = ReturnType<typeof createTenants>
