import type { RefusalRow } from './row.ts'

/** Refusals that have to do with a data store on the network. */
export const upstreamRefusals = {
  reconnectNeeded: {
    code: 222208470,
    status: 400,
    sentence: 'The account at the data store has to be connected again.',
  },
  upstreamWrong: {
    code: 222208471,
    status: 502,
    sentence: 'The data store did not answer as it should.',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>
