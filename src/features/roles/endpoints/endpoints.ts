import Type, { type Static } from 'typebox'
import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { cascade, paging, tenantFilter } from '../../parameters.ts'
import { refusals } from '../../refusals.ts'
import { DependentsShape, Id, Ids, Next, numbersOf } from '../../shapes.ts'
import type { Role, RoleFields, ShownRole } from '../role.ts'
import type { Roles } from '../service.ts'

export type RoleDeps = { readonly roles: Roles }

const path = '/api/admin/roles'

const Body = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 128 }),
  tenantId: Type.Optional(Id),
  description: Type.Optional(Type.String({ maxLength: 256 })),
  permissions: Type.Optional(Ids),
  users: Type.Optional(Type.Array(Id, { maxItems: 10_000 })),
})

const Listed = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  tenantId: Type.Integer(),
  description: Type.Optional(Type.String()),
})
const Shown = Type.Object({
  ...Listed.properties,
  permissions: Type.Array(Type.Integer()),
  users: Type.Array(Type.Integer()),
})

const listed = ({ id, name, tenantId, description }: Role) => ({
  id,
  name,
  tenantId,
  ...(description === '' ? {} : { description }),
})
const shown = (role: ShownRole) => ({
  ...listed(role),
  permissions: role.permissions,
  users: role.users,
})

const fieldsOf = (body: Static<typeof Body>): RoleFields => ({
  name: body.name,
  tenantId: body.tenantId === undefined ? undefined : Number(body.tenantId),
  description: body.description ?? '',
  permissions: body.permissions && numbersOf(body.permissions),
  users: body.users && numbersOf(body.users),
})

const common = { invalid: refusals.invalidInput, unknownId: refusals.roleNotFound } as const
const reading = {
  ...common,
  method: 'GET',
  success: 200,
  permissions: [permission.viewRole],
  failed: refusals.rolesNotRead,
} as const

const listQuery = { ...tenantFilter, ...paging }

const listRoles = endpoint<RoleDeps, never, typeof listQuery>({
  ...reading,
  name: 'list-roles',
  path,
  summary: 'List the roles of the tenants that you administer',
  query: listQuery,
  answer: Type.Object({ roles: Type.Array(Listed), next: Next }),
  handle: async ({ roles }, caller, { query }) => {
    const { piece, next } = await roles.list(caller, query, query)
    return { roles: piece.map(listed), ...(next === undefined ? {} : { next }) }
  },
})

const createRole = endpoint<RoleDeps, typeof Body>({
  ...common,
  name: 'create-role',
  method: 'POST',
  path,
  summary: 'Create a role',
  permissions: [permission.createRole],
  audit: 'role.created',
  success: 201,
  failed: refusals.roleNotChanged,
  body: Body,
  answer: Shown,
  handle: async ({ roles }, caller, { body }) => shown(await roles.create(caller, fieldsOf(body))),
  location: (answer) => `${path}/${(answer as { id: number }).id}`,
})

const readRole = endpoint<RoleDeps>({
  ...reading,
  name: 'read-role',
  path: `${path}/:id`,
  summary: 'Read a role, with what it gives and to whom',
  answer: Shown,
  handle: async ({ roles }, caller, { id }) => shown(await roles.read(caller, id)),
})

const updateRole = endpoint<RoleDeps, typeof Body>({
  ...common,
  name: 'update-role',
  method: 'PUT',
  path: `${path}/:id`,
  summary: 'Replace a role; of a default role only the users may change',
  permissions: [permission.modifyRole],
  audit: 'role.updated',
  success: 200,
  failed: refusals.roleNotChanged,
  body: Body,
  answer: Shown,
  handle: async ({ roles }, caller, { id, body }) =>
    shown(await roles.update(caller, id, fieldsOf(body))),
})

const deleteRole = endpoint<RoleDeps, never, typeof cascade>({
  ...common,
  name: 'delete-role',
  method: 'DELETE',
  path: `${path}/:id`,
  summary: 'Delete a role; with cascade=true it is taken from its users first',
  permissions: [permission.deleteRole],
  audit: 'role.deleted',
  success: 204,
  failed: refusals.roleNotChanged,
  query: cascade,
  handle: async ({ roles }, caller, { id, query }) =>
    roles.remove(caller, id, query.cascade === true),
})

const listDependents = endpoint<RoleDeps>({
  ...reading,
  name: 'list-role-dependents',
  path: `${path}/:id/dependents`,
  summary: 'List the users who hold a role, for whom deleting it is refused',
  answer: DependentsShape,
  handle: async ({ roles }, caller, { id }) => ({ dependents: await roles.dependents(caller, id) }),
})

export const roleEndpoints: readonly Endpoint<RoleDeps>[] = [
  listRoles,
  createRole,
  readRole,
  updateRole,
  deleteRole,
  listDependents,
]
