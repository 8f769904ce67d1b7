import { systemTenantId } from '../access/permissions.ts'
import { nameKey } from '../access/tenant-filter.ts'

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

// Half of a surrogate pair is no text: databases would store something else. Lines and directions would let one name
// look like another.
const unsuitable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

/** What is wrong with the texts of a tenant, or undefined. */
export const tenantFault = ({ name, description }: TenantFields): string | undefined => {
  if (nameKey(name) === '') return 'name must not be empty.'
  if (unsuitable.test(name)) return 'name must not contain control characters.'
  if (unsuitable.test(description.replaceAll(/[\n\t]/g, '')))
    return 'description must not contain control characters.'
  return undefined
}
