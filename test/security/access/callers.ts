import { permissions } from '#features/access/permissions.ts'

/** The tenants of the matrix: the system tenant, and two children of it that are alike. */
export type TenantKey = 'S' | 'A' | 'B'

/** A kind of caller: where it resides, what it holds, and on which tenants it has administrative access. */
export type CallerKind = {
  /** Its column in the tables. */
  readonly column: string
  readonly tenant: TenantKey
  readonly permissions: readonly number[]
  readonly administers: readonly TenantKey[]
  readonly disabled?: true
}

const idsOf = (...categories: readonly string[]): readonly number[] =>
  permissions.filter((p) => categories.includes(p.category)).map((p) => p.id)

const ordinary = idsOf('user')
/** Management reference 1.1: what the default role Tenant Administrator has, and beside it TenantAPI and Limits. */
const administrative = [...idsOf('user', 'tenant'), 25, 27]
const allButAdministrator = permissions.map((p) => p.id).filter((id) => id !== 12)

/** In the order of the columns: 12, then the system tenant, then tenant A, at last somebody of B. */
export const callers = [
  { column: '12', tenant: 'S', permissions: [12], administers: [] },
  // The system tenant: with administrative access on A (neither on B nor on its own tenant), and on nothing.
  { column: 'sys+', tenant: 'S', permissions: administrative, administers: ['A'] },
  { column: 'sys0', tenant: 'S', permissions: administrative, administers: [] },
  { column: 'sysO', tenant: 'S', permissions: [11, 28], administers: ['A'] },
  // Tenant A: everything but 12, with administrative access and without; and the few permissions of the issue.
  { column: 'kid+', tenant: 'A', permissions: allButAdministrator, administers: ['A'] },
  { column: 'kid0', tenant: 'A', permissions: allButAdministrator, administers: [] },
  { column: 'kidO', tenant: 'A', permissions: [11, 28], administers: [] },
  { column: '11', tenant: 'A', permissions: [11], administers: [] },
  { column: '28', tenant: 'A', permissions: [28], administers: [] },
  { column: 'none', tenant: 'A', permissions: [], administers: [] },
  {
    column: 'off',
    tenant: 'A',
    permissions: allButAdministrator,
    administers: ['A'],
    disabled: true,
  },
  { column: 'B+', tenant: 'B', permissions: allButAdministrator, administers: ['B'] },
] as const satisfies readonly CallerKind[]

export type Column = (typeof callers)[number]['column']

export const columns: readonly Column[] = callers.map(({ column }) => column)

/** What ordinary people of every tenant hold. */
export const ordinaryPermissions = ordinary
