import type { RefusalRow } from './row.ts'

/** Refusals of passwords, their policies, and configurations. */
export const passwordsRefusals = {
  passwordMustChange: {
    code: 222208103,
    status: 403,
    sentence:
      'Your password must be changed before it opens anything else: PUT /api/admin/userdetails/changePassword, or sign in to the pages.',
  },
  policyNotFound: {
    code: 222208435,
    status: 404,
    sentence: 'There is no password policy with this id; there are 1 and 2.',
  },
  fixedPolicy: {
    code: 222208436,
    status: 400,
    sentence:
      'The default password policy is fixed; change the custom one (2) and choose it by configuration 6.',
  },
  configurationNotFound: {
    code: 222208437,
    status: 404,
    sentence: 'There is no configuration with this id.',
  },
  settingsNotProcessed: {
    code: 222208438,
    status: 500,
    sentence: 'Policies and configurations cannot be processed right now. Try again later.',
  },
  resetOfOwnPassword: {
    code: 222208439,
    status: 400,
    sentence: 'Change your own password with PUT /api/admin/userdetails/changePassword.',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>
