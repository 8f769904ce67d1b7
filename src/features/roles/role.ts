import { permission, permissions, systemTenantId } from '../access/permissions.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { descriptionFault, nameFault } from '../texts.ts'

/** A role as a list shows it (management reference 3.1). */
export type Role = {
  readonly id: number
  readonly name: string
  readonly tenantId: number
  /** Empty where none was set. */
  readonly description: string
}

/** A role with what it gives and to whom; ids ascending. */
export type ShownRole = Role & {
  readonly permissions: readonly number[]
  readonly users: readonly number[]
}

/** What is sent to create or replace one. Undefined: not said. */
export type RoleFields = {
  readonly name: string
  readonly tenantId: number | undefined
  readonly description: string
  readonly permissions: readonly number[] | undefined
  readonly users: readonly number[] | undefined
}

/** The three of HDP, which belong to the system tenant (management reference 1.2). */
export const isDefaultRole = (id: number): boolean => id <= 3

/** Throws 400 for texts that are none, for a permission that does not exist, and for Administrator outside of the system tenant. */
export const checkRole = (fields: RoleFields, tenantId: number): void => {
  const fault = nameFault(fields.name) ?? descriptionFault(fields.description)
  if (fault !== undefined) throw new ManagementError(refusals.invalidInput, fault)
  for (const id of fields.permissions ?? []) {
    if (!permissions.some((known) => known.id === id))
      throw new ManagementError(refusals.unknownPermission, `${id} is none.`)
    // It counts in every tenant (rule 3), so no tenant but the system's may give it.
    if (id === permission.administrator && tenantId !== systemTenantId)
      throw new ManagementError(
        refusals.roleNotOfTenant,
        'Only roles of the system tenant have Administrator (12).',
      )
  }
}

export const isSameSet = (one: readonly number[], other: readonly number[]): boolean => {
  const set = new Set(one)
  return set.size === new Set(other).size && other.every((id) => set.has(id))
}
