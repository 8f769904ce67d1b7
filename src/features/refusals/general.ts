import type { RefusalRow } from './row.ts'

/** Refusals that any address can give. */
export const generalRefusals = {
  invalidInput: { code: 222207007, status: 400, sentence: 'The request is not valid.' },
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
} as const satisfies Readonly<Record<string, RefusalRow>>
