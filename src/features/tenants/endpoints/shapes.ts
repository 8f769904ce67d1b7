import Type, { type Static } from 'typebox'
import { Id, Ids, Next } from '../../shapes.ts'
import type { ShownTenant, Tenants } from '../service.ts'
import { parentOf, type TenantFields } from '../tenant.ts'

export type TenantDeps = { readonly tenants: Tenants }

const Name = Type.String({ minLength: 1, maxLength: 128 })
const Description = Type.String({ maxLength: 256 })
/** 1 active, 0 inactive. */
const Status = Type.Integer({ minimum: 0, maximum: 1 })

export const CreateBody = Type.Object({
  name: Name,
  description: Type.Optional(Description),
  parentTenant: Id,
  status: Type.Optional(Status),
  importedRoles: Type.Optional(Ids),
  admins: Type.Optional(Ids),
})

export const UpdateBody = Type.Object({
  name: Name,
  description: Type.Optional(Description),
  parentTenant: Type.Optional(Type.Union([...Id.anyOf, Type.Null()])),
  status: Status,
})

export const AdminsBody = Type.Object({ admins: Ids })

export const ListedShape = Type.Object({
  tenants: Type.Array(Type.Object({ id: Type.Integer(), name: Type.String() })),
  next: Next,
})

export const TenantShape = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.Optional(Type.String()),
  /** Null for the system tenant. */
  parentTenant: Type.Union([Type.Integer(), Type.Null()]),
  status: Type.Integer(),
  roles: Type.Optional(Type.Array(Type.Integer())),
  admins: Type.Optional(Type.Array(Type.Integer())),
})

export const AdminsShape = Type.Object({ admins: Type.Array(Type.Integer()) })

export const fieldsOfBody = (body: {
  readonly name: string
  readonly description?: string
  readonly status?: number
}): TenantFields => ({
  name: body.name,
  description: body.description ?? '',
  active: body.status !== 0,
})

export const shown = ({ tenant, roles, admins }: ShownTenant): Static<typeof TenantShape> => ({
  id: tenant.id,
  name: tenant.name,
  ...(tenant.description === '' ? {} : { description: tenant.description }),
  parentTenant: parentOf(tenant.id),
  status: tenant.active ? 1 : 0,
  ...(roles === undefined ? {} : { roles: [...roles] }),
  ...(admins === undefined ? {} : { admins: [...admins] }),
})
