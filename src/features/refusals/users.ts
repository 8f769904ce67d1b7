import type { RefusalRow } from './row.ts'

/** Refusals of users and passwords. */
export const usersRefusals = {
  badCredentials: {
    code: 222206007,
    status: 401,
    sentence: 'The user name or the password is wrong, or the account cannot sign in.',
  },
  passwordPolicy: { code: 222208400, status: 400, sentence: 'The new password is not acceptable.' },
  userNotFound: { code: 222207916, status: 404, sentence: 'There is no user with this id.' },
  usersNotRead: {
    code: 222208421,
    status: 500,
    sentence: 'Users cannot be read right now. Try again later.',
  },
  userNotChanged: {
    code: 222208422,
    status: 500,
    sentence: 'The user cannot be changed right now. Try again later.',
  },
  lastAdministrator: {
    code: 222208403,
    status: 400,
    sentence: 'At least one active account must hold Administrator (12).',
  },
  ownAccount: {
    code: 222208416,
    status: 400,
    sentence: 'This would lock you out of your own account; another administrator must do it.',
  },
  userInUse: {
    code: 222208423,
    status: 400,
    sentence: 'Other users have given access to client applications of this user.',
  },
  externalService: {
    code: 222208424,
    status: 400,
    sentence: 'External authentication services are not offered.',
  },
  administratorOfChild: {
    code: 222208425,
    status: 400,
    sentence: 'Administrator (12) counts in every tenant: only users of the system tenant hold it.',
  },
  administersElsewhere: {
    code: 222208426,
    status: 400,
    sentence: 'A user of another tenant than the system tenant administers that tenant alone.',
  },
  ownPassword: {
    code: 222208427,
    status: 400,
    sentence: 'You change your own password with changePassword, not as an administrator.',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>
