import { systemTenantId } from '../access/permissions.ts'
import { descriptionFault, nameFault } from '../texts.ts'

/** A tenant as administrators see it (management reference 3.2). */
export type Tenant = {
  readonly id: number
  readonly name: string
  /** Empty where none was set. */
  readonly description: string
  /** Whatever its users and applications do is refused while it is not. */
  readonly active: boolean
}

/** What create and update set. */
export type TenantFields = Omit<Tenant, 'id'>

/** What is told with `?details=true`. */
export type TenantDetails = {
  readonly roles: readonly number[]
  readonly admins: readonly number[]
}

/** All tenants hang below the system tenant, which hangs below none. */
export const parentOf = (id: number): number | null =>
  id === systemTenantId ? null : systemTenantId

/** What is wrong with the texts of a tenant, or undefined. */
export const tenantFault = ({ name, description }: TenantFields): string | undefined =>
  nameFault(name) ?? descriptionFault(description)
