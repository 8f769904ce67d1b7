import type { RefusalRow } from './row.ts'

/** Refusals of connecting an account. */
export const oauthConnectionsRefusals = {
  oauthConnectionNotRequested: {
    code: 222208465,
    status: 500,
    sentence: 'The account cannot be connected right now. Try again later.',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>
