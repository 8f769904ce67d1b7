import type { RefusalRow } from './row.ts'

/** Refusals of OAuth profiles (OAuth reference C.6). */
export const oauthProfilesRefusals = {
  oauthProfileNotFound: {
    code: 222207710,
    status: 404,
    sentence: 'There is no OAuth profile with this id.',
  },
  /** The same of an id in a body. */
  noSuchOAuthProfile: {
    code: 222207710,
    status: 400,
    sentence: 'There is no OAuth profile with this id.',
  },
  noSuchOAuthApplication: {
    code: 222207711,
    status: 400,
    sentence: 'There is no OAuth application with this id that you may use.',
  },
  oauthProfilesNotRead: {
    code: 222208460,
    status: 500,
    sentence: 'OAuth profiles cannot be read right now. Try again later.',
  },
  oauthProfileNotChanged: {
    code: 222208461,
    status: 500,
    sentence: 'The OAuth profile cannot be changed right now. Try again later.',
  },
  oauthTokensUnreadable: {
    code: 222208462,
    status: 400,
    sentence: 'The stored tokens of the OAuth profile cannot be read.',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>
