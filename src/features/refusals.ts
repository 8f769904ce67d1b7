import { Refusal } from '#lib/refusal.ts'

/** A row of the catalogue: HDP's number (management reference 9, OAuth reference A.11), status and sentence. */
export type RefusalRow = {
  readonly code: number
  readonly status: number
  readonly sentence: string
}

// A table: one refusal a row. Numbers in 222208400–222208499 are our own; a retired number is never reused.
export const refusals = {
  badCredentials: {
    code: 222206007,
    status: 401,
    sentence: 'The user name or the password is wrong, or the account cannot sign in.',
  },
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
  dataSourceUpdateFailed: {
    code: 222207000,
    status: 500,
    sentence: 'The data source cannot be changed right now. Try again later.',
  },
  dataSourceReadFailed: {
    code: 222207001,
    status: 500,
    sentence: 'The data source cannot be read right now. Try again later.',
  },
  invalidOption: { code: 222207002, status: 400, sentence: 'A data source option is not valid.' },
  dataSourceNotFound: {
    code: 222207004,
    status: 404,
    sentence: 'There is no data source with this id.',
  },
  badConnectionType: {
    code: 222207005,
    status: 400,
    sentence: 'connectionType must be Cloud or Hybrid.',
  },
  dataSourceDeleteFailed: {
    code: 222207006,
    status: 500,
    sentence: 'The data source cannot be deleted right now. Try again later.',
  },
  invalidInput: { code: 222207007, status: 400, sentence: 'The request is not valid.' },
  connectionTypeMissing: { code: 222207010, status: 400, sentence: 'connectionType is missing.' },
  unsupportedMediaType: {
    code: 222207007,
    status: 415,
    sentence: 'Send the body as application/json.',
  },
  bodyTooLarge: { code: 222207007, status: 413, sentence: 'The body is larger than 64 KB.' },
  notFound: { code: 222208103, status: 404, sentence: 'There is nothing at this address.' },
  methodNotAllowed: {
    code: 222208103,
    status: 405,
    sentence: 'This address does not take this method.',
  },
  forbidden: { code: 222208103, status: 403, sentence: 'You lack the permission for this.' },
  crossSite: {
    code: 222208103,
    status: 403,
    sentence: 'A page of another site may not send this request.',
  },
  passwordPolicy: { code: 222208400, status: 400, sentence: 'The new password is not acceptable.' },
  duplicateName: { code: 222208401, status: 400, sentence: 'This name is taken.' },
  actingForOthers: {
    code: 222208407,
    status: 400,
    sentence: 'This address acts for the caller alone: leave out user, tenantId and tenantName.',
  },
  unavailable: {
    code: 222208408,
    status: 503,
    sentence: 'The server cannot do this right now. Try again.',
  },
  internal: {
    code: 222208409,
    status: 500,
    sentence: 'Something went wrong on the server; its log has the details under the request id.',
  },
  tooManyHeaders: {
    code: 222208410,
    status: 431,
    sentence: 'The headers of the request are too large.',
  },
  tooSlow: { code: 222208411, status: 408, sentence: 'The request took too long to arrive.' },
  userNotFound: { code: 222208412, status: 404, sentence: 'There is no user with this id.' },
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

export type RefusalName = keyof typeof refusals

/** A refusal of the management surface: a row of the catalogue, and what exactly was wrong. */
export class ManagementError extends Refusal {
  readonly row: RefusalRow

  /** @param explanation says what to change; joined to the row's sentence */
  constructor(
    row: RefusalRow,
    explanation?: string,
    options: { detail?: string; cause?: unknown } = {},
  ) {
    super(explanation === undefined ? row.sentence : `${row.sentence} ${explanation}`, options)
    this.row = row
  }
}
