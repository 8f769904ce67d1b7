import type { RefusalRow } from './row.ts'

/** Refusals of limits (management reference 5.1). */
export const limitsRefusals = {
  limitsNotProcessed: {
    code: 222207925,
    status: 500,
    sentence: 'Limits cannot be processed right now. Try again later.',
  },
  dataSourceOfAnother: {
    code: 222207926,
    status: 404,
    sentence: 'This user has no data source with this id.',
  },
  limitOutOfRange: {
    code: 222207929,
    status: 400,
    sentence: 'The value is outside of what the limit allows.',
  },
  limitNotFound: { code: 222208445, status: 404, sentence: 'There is no limit with this id.' },
  limitNotSet: { code: 222208446, status: 404, sentence: 'This limit is not set here.' },
  limitNotHere: { code: 222208447, status: 400, sentence: 'This limit cannot be set here.' },
} as const satisfies Readonly<Record<string, RefusalRow>>
