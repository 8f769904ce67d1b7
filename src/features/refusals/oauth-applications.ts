import type { RefusalRow } from './row.ts'

/** Refusals of OAuth applications (OAuth reference C.6). */
export const oauthApplicationsRefusals = {
  oauthApplicationNotFound: {
    code: 222207711,
    status: 404,
    sentence: 'There is no OAuth application with this id.',
  },
  oauthSecretUnreadable: {
    code: 222208450,
    status: 400,
    sentence: 'The stored client secret cannot be read.',
  },
  oauthApplicationsNotRead: {
    code: 222208451,
    status: 500,
    sentence: 'OAuth applications cannot be read right now. Try again later.',
  },
  oauthApplicationNotChanged: {
    code: 222208452,
    status: 500,
    sentence: 'The OAuth application cannot be changed right now. Try again later.',
  },
  oauthDataStoreNotFound: {
    code: 222208453,
    status: 404,
    sentence: 'There is no data store with this id that takes OAuth applications.',
  },
  secretForOtherServer: {
    code: 222208454,
    status: 400,
    sentence: 'The client secret must be sent again.',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>
