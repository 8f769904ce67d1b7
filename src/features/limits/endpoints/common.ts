import { permission } from '../../access/permissions.ts'
import { refusals } from '../../refusals.ts'
import type { LimitsOf } from '../lists.ts'

export const path = '/api/admin/limits'

export const common = {
  invalid: refusals.invalidInput,
  failed: refusals.limitsNotProcessed,
} as const

export const reading = {
  ...common,
  method: 'GET',
  permissions: [permission.limits],
  success: 200,
} as const

/** A piece of a list under its own key, each entry named as its noun is, with what is set on it. */
export const listed = (
  key: string,
  found: { readonly piece: readonly LimitsOf[]; readonly next: number | undefined },
  naming: (of: LimitsOf) => Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => ({
  [key]: found.piece.map((of) => ({ ...naming(of), limits: of.limits })),
  ...(found.next === undefined ? {} : { next: found.next }),
})
