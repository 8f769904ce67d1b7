import Type from 'typebox'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { ManagementError, refusals } from '../../refusals.ts'
import { permission, type PermissionDefinition, permissions } from '../permissions.ts'

const path = '/api/admin/permissions'

const Shown = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
})
const shown = ({ id, name, description }: PermissionDefinition) => ({ id, name, description })

const common = {
  method: 'GET',
  permissions: [permission.managementApi],
  success: 200,
  invalid: refusals.invalidInput,
  unknownId: refusals.permissionNotFound,
  failed: refusals.rolesNotRead,
} as const

const listPermissions = endpoint<unknown>({
  ...common,
  name: 'list-permissions',
  path,
  summary: 'List the permissions that there are',
  answer: Type.Object({ permissions: Type.Array(Shown) }),
  handle: async () => ({ permissions: permissions.map(shown) }),
})

const readPermission = endpoint<unknown>({
  ...common,
  name: 'read-permission',
  path: `${path}/:id`,
  summary: 'Read a permission',
  answer: Shown,
  handle: async (_deps, _caller, { id }) => {
    const found = permissions.find((known) => known.id === id)
    if (found === undefined) throw new ManagementError(refusals.permissionNotFound)
    return shown(found)
  },
})

export const permissionEndpoints: readonly Endpoint<unknown>[] = [listPermissions, readPermission]
