import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { requireStill } from '../access/still.ts'
import { requireAnAdministrator } from '../access/administrators.ts'
import type { Caller } from '../access/caller.ts'
import { checkGrantsToRole } from '../access/granting.ts'
import { withNamesFor } from '../access/names.ts'
import { permission } from '../access/permissions.ts'
import { isWithin, reachOf, requireWithin } from '../access/reach.ts'
import { requireTenant } from '../access/tenants.ts'
import { filterReach, type TenantFilter } from '../access/tenant-filter.ts'
import { pieceOf } from '../parameters.ts'
import { type Dependent, ManagementError, refusals } from '../refusals.ts'
import { changeMembers, checkMayChangeHolders } from './members.ts'
import { checkRole, isDefaultRole, isSameSet, type RoleFields, type ShownRole } from './role.ts'
import { createRoleStore } from './store.ts'

type Page = { readonly limit?: number; readonly after?: number }

/** So many are named to whoever is refused; all of them are at `/dependents`. */
const mostNamed = 100

const nameTaken = (): ManagementError =>
  new ManagementError(refusals.duplicateName, 'The tenant has a role of this name.')

/** Of HDP's own roles only the users may change (management reference 1.2). */
const checkDefault = (role: ShownRole, fields: RoleFields): void => {
  const { permissions = role.permissions } = fields
  if (
    isDefaultRole(role.id) &&
    (fields.name !== role.name ||
      fields.description !== role.description ||
      !isSameSet(permissions, role.permissions))
  )
    throw new ManagementError(refusals.defaultRole)
}

/** The rules of roles (management reference 3.1): who may see, make and give which. */
export const createRoles = ({ store }: { readonly store: Store }) => {
  const roles = createRoleStore(store)

  /** A role out of reach is not told from one that does not exist. */
  function* require(caller: Caller, id: number, needed: number): Command<ShownRole> {
    const role = yield* roles.read(id)
    if (role === undefined || !isWithin(reachOf(caller, needed), role.tenantId))
      throw new ManagementError(refusals.roleNotFound)
    return role
  }

  /** The roles of the tenants that the caller administers, or of those that a filter leaves. Throws 403 for another tenant. */
  const list = async (caller: Caller, filter: TenantFilter, page: Page) =>
    pieceOf(
      await store.read(function* () {
        const reach = yield* filterReach(store, reachOf(caller, permission.viewRole), filter)
        return yield* roles.list(reach, page)
      }),
      page.limit,
    )

  /** Throws 404. */
  const read = (caller: Caller, id: number): Promise<ShownRole> =>
    store.read(() => require(caller, id, permission.viewRole))

  function* shown(id: number): Command<ShownRole> {
    const role = yield* roles.read(id)
    if (role === undefined) throw new Error('the role was not stored')
    return role
  }

  /**
   * Throws 403 for a tenant out of reach, and where the caller lacks what the role holds; 400 for a name that is taken, an
   * unknown permission, and users of another tenant.
   */
  const create = (caller: Caller, fields: RoleFields): Promise<ShownRole> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      const { tenantId = caller.tenantId, permissions = [] } = fields
      requireWithin(reachOf(caller, permission.createRole), tenantId)
      yield* requireTenant(store, tenantId)
      checkRole(fields, tenantId)
      checkGrantsToRole(caller, permissions)
      const id = yield* roles.insert({ ...fields, tenantId })
      if (id === undefined) throw nameTaken()
      yield* roles.setPermissions(id, permissions)
      const members = { before: [], after: fields.users ?? [] }
      yield* changeMembers(store, caller, { id, tenantId, grants: permissions }, members)
      return yield* shown(id)
    })

  /** What a role gives changes for everybody who holds it, so it is as if each of them were changed. */
  function* changePermissions(
    caller: Caller,
    role: ShownRole,
    permissions: readonly number[],
  ): Command<void> {
    if (isSameSet(permissions, role.permissions)) return
    checkGrantsToRole(
      caller,
      permissions.filter((id) => !role.permissions.includes(id)),
    )
    yield* checkMayChangeHolders(store, caller, role.users)
    yield* roles.setPermissions(role.id, permissions)
  }

  /**
   * Replaces a role; it keeps its users where they are not said. Throws 404; 400 as for creating, for another tenant, for more than the users of a default role, and where
   * a user would be left without a role; 403 where the caller lacks what is given, or holds the role (rule 9).
   */
  const update = (caller: Caller, id: number, fields: RoleFields): Promise<ShownRole> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      const role = yield* require(caller, id, permission.modifyRole)
      if (fields.tenantId !== undefined && fields.tenantId !== role.tenantId)
        throw new ManagementError(refusals.invalidInput, 'tenantId cannot be changed.')
      checkRole(fields, role.tenantId)
      checkDefault(role, fields)
      const granted = fields.permissions ?? (isDefaultRole(id) ? role.permissions : [])
      yield* changePermissions(caller, role, granted)
      const { name, description } = fields
      if (!(yield* roles.rename({ ...role, name, description }))) throw nameTaken()
      const members = { before: role.users, after: fields.users ?? role.users }
      yield* changeMembers(store, caller, { ...role, grants: granted }, members)
      yield* requireAnAdministrator(store)
      return yield* shown(id)
    })

  /**
   * Throws 404; 400 for a default role and (with the list) for one that users hold. Cascading takes it from them; throws 400
   * where it is the only role of one of them.
   */
  const remove = (caller: Caller, id: number, cascades: boolean): Promise<void> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      const role = yield* require(caller, id, permission.deleteRole)
      if (isDefaultRole(id))
        throw new ManagementError(refusals.defaultRole, 'It cannot be deleted.')
      if (role.users.length > 0 && !cascades)
        throw new ManagementError(
          refusals.roleInUse,
          'Take it from them first, or send cascade=true to take it from them with it.',
          {
            dependents: withNamesFor(caller, role.tenantId, yield* roles.holders(id, mostNamed)),
          },
        )
      const members = { before: role.users, after: [] }
      yield* changeMembers(store, caller, { ...role, grants: role.permissions }, members)
      yield* roles.remove(id)
      yield* requireAnAdministrator(store)
    })

  /** Who holds a role. Throws 404. */
  const dependents = (caller: Caller, id: number): Promise<readonly Dependent[]> =>
    store.read(function* () {
      const role = yield* require(caller, id, permission.viewRole)
      return withNamesFor(caller, role.tenantId, yield* roles.holders(id))
    })

  return { list, read, create, update, remove, dependents }
}

export type Roles = ReturnType<typeof createRoles>
