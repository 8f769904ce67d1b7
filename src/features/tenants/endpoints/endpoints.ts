import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { cascade, details, paging } from '../../parameters.ts'
import { refusals } from '../../refusals.ts'
import { DependentsShape, numbersOf } from '../../shapes.ts'
import {
  AdminsBody,
  AdminsShape,
  CreateBody,
  fieldsOfBody,
  ListedShape,
  shown,
  type TenantDeps,
  TenantShape,
  UpdateBody,
} from './shapes.ts'

const path = '/api/admin/tenants'

const common = {
  permissions: [permission.tenantApi],
  invalid: refusals.invalidInput,
  unknownId: refusals.tenantNotFound,
} as const

const reading = {
  ...common,
  method: 'GET',
  success: 200,
  failed: refusals.tenantsNotRead,
} as const
const changing = { ...common, failed: refusals.tenantNotChanged } as const

const listTenants = endpoint<TenantDeps, never, typeof paging>({
  ...reading,
  name: 'list-tenants',
  path,
  summary: 'List the tenants that you administer',
  query: paging,
  answer: ListedShape,
  handle: async ({ tenants }, caller, { query }) => {
    const { piece, next } = await tenants.list(caller, query)
    return { tenants: piece, ...(next === undefined ? {} : { next }) }
  },
})

const createTenant = endpoint<TenantDeps, typeof CreateBody>({
  ...changing,
  name: 'create-tenant',
  method: 'POST',
  path,
  summary: 'Create a tenant, with copies of roles of the system tenant',
  audit: 'tenant.created',
  success: 201,
  body: CreateBody,
  answer: TenantShape,
  handle: async ({ tenants }, caller, { body }) =>
    shown(
      await tenants.create(caller, {
        fields: fieldsOfBody(body),
        parentTenant: Number(body.parentTenant),
        importedRoles: numbersOf(body.importedRoles),
        admins: numbersOf(body.admins),
      }),
    ),
  location: (answer) => `${path}/${(answer as { id: number }).id}`,
})

const readTenant = endpoint<TenantDeps, never, typeof details>({
  ...reading,
  name: 'read-tenant',
  path: `${path}/:id`,
  summary: 'Read a tenant',
  query: details,
  answer: TenantShape,
  handle: async ({ tenants }, caller, { id, query }) =>
    shown(await tenants.read(caller, id, query.details === true)),
})

const updateTenant = endpoint<TenantDeps, typeof UpdateBody, typeof details>({
  ...changing,
  name: 'update-tenant',
  method: 'PUT',
  path: `${path}/:id`,
  summary: 'Replace name, description and status of a tenant',
  audit: 'tenant.updated',
  success: 200,
  query: details,
  body: UpdateBody,
  answer: TenantShape,
  handle: async ({ tenants }, caller, { id, body, query }) => {
    const { parentTenant: parent } = body
    return shown(
      await tenants.update(caller, id, {
        fields: fieldsOfBody(body),
        parentTenant: typeof parent === 'string' ? Number(parent) : parent,
        details: query.details === true,
      }),
    )
  },
})

const deleteTenant = endpoint<TenantDeps, never, typeof cascade>({
  ...changing,
  name: 'delete-tenant',
  method: 'DELETE',
  path: `${path}/:id`,
  summary: 'Delete a tenant; with cascade=true also its users and OAuth applications',
  audit: 'tenant.deleted',
  success: 204,
  query: cascade,
  handle: async ({ tenants }, caller, { id, query }) =>
    tenants.remove(caller, id, query.cascade === true),
})

const listDependents = endpoint<TenantDeps>({
  ...reading,
  name: 'list-tenant-dependents',
  path: `${path}/:id/dependents`,
  summary: 'List the users and OAuth applications of a tenant, for which deleting it is refused',
  answer: DependentsShape,
  handle: async ({ tenants }, caller, { id }) => ({
    dependents: await tenants.dependents(caller, id),
  }),
})

const readAdmins = endpoint<TenantDeps>({
  ...reading,
  name: 'read-tenant-admins',
  path: `${path}/:id/admins`,
  summary: 'List the users who have administrative access on a tenant',
  answer: AdminsShape,
  handle: async ({ tenants }, caller, { id }) => ({
    admins: await tenants.administrators(caller, id),
  }),
})

const updateAdmins = endpoint<TenantDeps, typeof AdminsBody>({
  ...changing,
  name: 'update-tenant-admins',
  method: 'PUT',
  path: `${path}/:id/admins`,
  summary: 'Replace who has administrative access on a tenant',
  audit: 'tenant.admins-updated',
  success: 200,
  body: AdminsBody,
  answer: AdminsShape,
  handle: async ({ tenants }, caller, { id, body }) => ({
    admins: await tenants.setAdministrators(caller, id, numbersOf(body.admins)),
  }),
})

export const tenantEndpoints: readonly Endpoint<TenantDeps>[] = [
  listTenants,
  createTenant,
  readTenant,
  updateTenant,
  deleteTenant,
  listDependents,
  readAdmins,
  updateAdmins,
]
