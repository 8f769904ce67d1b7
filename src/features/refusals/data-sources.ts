import type { RefusalRow } from './row.ts'

/** Refusals of data sources (management reference 9). */
export const dataSourcesRefusals = {
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
  connectionTypeMissing: { code: 222207010, status: 400, sentence: 'connectionType is missing.' },
} as const satisfies Readonly<Record<string, RefusalRow>>
