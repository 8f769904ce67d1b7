import type { RefusalRow } from './row.ts'

/** Refusals of roles and permissions. */
export const rolesRefusals = {
  roleNotFound: { code: 222207924, status: 404, sentence: 'There is no role with this id.' },
  rolesNotRead: {
    code: 222207919,
    status: 500,
    sentence: 'Roles and permissions cannot be read right now. Try again later.',
  },
  roleNotChanged: {
    code: 222207919,
    status: 500,
    sentence: 'The role cannot be changed right now. Try again later.',
  },
  roleInUse: { code: 222208402, status: 400, sentence: 'The role is still assigned to users.' },
  defaultRole: {
    code: 222208417,
    status: 400,
    sentence: 'Of a default role only the users may be changed.',
  },
  roleNotOfTenant: { code: 222208404, status: 400, sentence: 'The roles do not fit.' },
  unknownPermission: {
    code: 222208405,
    status: 400,
    sentence: 'There is no permission with this id.',
  },
  permissionNotFound: {
    code: 222208553,
    status: 404,
    sentence: 'There is no permission with this id.',
  },
  usersOfRole: { code: 222208440, status: 400, sentence: 'The users of the role do not fit.' },
  onlyRole: { code: 222208441, status: 400, sentence: 'A user needs at least one role.' },
} as const satisfies Readonly<Record<string, RefusalRow>>
