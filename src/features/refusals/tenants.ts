import type { RefusalRow } from './row.ts'

/** Refusals of tenants. */
export const tenantsRefusals = {
  tenantNotFound: { code: 222208573, status: 404, sentence: 'There is no tenant with this id.' },
  noSuchTenant: { code: 222208573, status: 400, sentence: 'There is no tenant with this id.' },
  tenantsNotRead: {
    code: 222208418,
    status: 500,
    sentence: 'Tenants cannot be read right now. Try again later.',
  },
  tenantNotChanged: {
    code: 222208419,
    status: 500,
    sentence: 'The tenant cannot be changed right now. Try again later.',
  },
  tenantNotEmpty: { code: 222208406, status: 400, sentence: 'The tenant is not empty.' },
  systemTenant: {
    code: 222208420,
    status: 400,
    sentence: 'The system tenant cannot be disabled or deleted.',
  },
  administratorUnknown: {
    code: 222208430,
    status: 400,
    sentence: 'The administrators do not fit.',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>
