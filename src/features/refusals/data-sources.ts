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
  cannotConnect: {
    code: 222207003,
    status: 400,
    sentence: 'The data source cannot be connected to.',
  },
  connectionTypeFixed: {
    code: 222207008,
    status: 400,
    sentence: 'connectionType cannot be changed.',
  },
  secretsForOtherServer: {
    code: 222208475,
    status: 400,
    sentence: 'Secrets that are kept are not sent to another server.',
  },
  secretOptionsUnreadable: {
    code: 222208476,
    status: 400,
    sentence: 'The stored secret options of the data source cannot be read.',
  },
  dataSourceNotFound: {
    code: 222207004,
    status: 404,
    sentence: 'There is no data source with this id.',
  },
  dataStoreNotFound: {
    code: 222208480,
    status: 404,
    sentence: 'There is no data store with this id.',
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
  badMap: { code: 222207009, status: 400, sentence: 'map must be refresh, recreate or none.' },
  connectionTypeMissing: { code: 222207010, status: 400, sentence: 'connectionType is missing.' },
} as const satisfies Readonly<Record<string, RefusalRow>>
