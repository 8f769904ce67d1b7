import { refusals } from '../../refusals.ts'

export const path = '/api/mgmt/datasources'

export const common = {
  invalid: refusals.invalidInput,
  unknownId: refusals.dataSourceNotFound,
  failed: refusals.dataSourceReadFailed,
  onBehalf: true,
} as const
