import type { RefusalRow } from './row.ts'

/** Refusals of client applications and accesses (OAuth reference A.11). */
export const clientApplicationsRefusals = {
  applicationNotCreated: {
    code: 222206628,
    status: 400,
    sentence: 'The application cannot be registered.',
  },
  applicationCreationFailed: {
    code: 222206628,
    status: 500,
    sentence: 'The application cannot be registered right now. Try again later.',
  },
  applicationNotFound: {
    code: 222206631,
    status: 404,
    sentence: 'There is no application with this id.',
  },
  applicationsNotRead: {
    code: 222206631,
    status: 500,
    sentence: 'Applications cannot be read right now. Try again later.',
  },
  applicationNotUpdated: {
    code: 222206632,
    status: 400,
    sentence: 'The application cannot be changed.',
  },
  applicationToUpdateNotFound: {
    code: 222206632,
    status: 404,
    sentence: 'There is no application with this id.',
  },
  applicationUpdateFailed: {
    code: 222206632,
    status: 500,
    sentence: 'The application cannot be changed right now. Try again later.',
  },
  applicationToDeleteNotFound: {
    code: 222206633,
    status: 404,
    sentence: 'There is no application with this id.',
  },
  applicationDeleteFailed: {
    code: 222206633,
    status: 500,
    sentence: 'The application or access cannot be deleted right now. Try again later.',
  },
  accessNotFound: {
    code: 222206633,
    status: 404,
    sentence: 'You have given no access to an application with this id.',
  },
  applicationToResetNotFound: {
    code: 222206634,
    status: 404,
    sentence: 'There is no application with this id.',
  },
  applicationNotReset: {
    code: 222206634,
    status: 400,
    sentence: 'The secret was not reset.',
  },
  applicationResetFailed: {
    code: 222206634,
    status: 500,
    sentence: 'The secret cannot be reset right now. Try again later.',
  },
  accessToEndNotFound: {
    code: 222208413,
    status: 404,
    sentence: 'This user has given no access to this application.',
  },
  accessesNotRead: {
    code: 222208414,
    status: 500,
    sentence: 'Accesses cannot be read right now. Try again later.',
  },
  accessesNotEnded: {
    code: 222208415,
    status: 500,
    sentence: 'The access cannot be ended right now. Try again later.',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>
