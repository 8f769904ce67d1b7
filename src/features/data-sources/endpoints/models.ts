import Type from 'typebox'
import { permission } from '../../access/permissions.ts'
import type { ModelWarning } from '#odata/edm/model.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { ManagementError, refusals } from '../../refusals.ts'
import { timestamp } from '../../timestamp.ts'
import type { ModelStatus } from '../models/keeper.ts'
import { mapWishes, type SourceModels } from '../models/service.ts'
import { common, path } from './shapes.ts'

export type SourceModelDeps = { readonly sourceModels: SourceModels }

const Warning = Type.Object({
  table: Type.String(),
  column: Type.Optional(Type.String()),
  code: Type.String(),
  message: Type.String(),
})

const Status = Type.Object({
  statusCode: Type.Integer({ description: '-1 none, 0 complete, 1 being built, 2 failed' }),
  status: Type.String(),
  createdAt: Type.Optional(Type.String({ description: '`YYYY-MM-DD HH:mm:ss`, UTC' })),
  tableWarnings: Type.Optional(Type.Array(Warning)),
  columnWarnings: Type.Optional(Type.Array(Warning)),
  percentDone: Type.Optional(Type.Integer()),
  reason: Type.Optional(Type.String()),
})

const shownWarning = ({ table, column, code, message }: ModelWarning) => ({
  table,
  ...(column === undefined ? {} : { column }),
  code,
  message,
})

/** HDP's numbers and sentences (data access reference A.14). */
const shown = (status: ModelStatus) => {
  switch (status.kind) {
    case 'none':
      return { statusCode: -1, status: 'Model not created.' }
    case 'complete': {
      const { createdAt, warnings } = status
      return {
        statusCode: 0,
        status: 'Model is complete',
        createdAt: timestamp(createdAt),
        tableWarnings: warnings.filter(({ column }) => column === undefined).map(shownWarning),
        columnWarnings: warnings.filter(({ column }) => column !== undefined).map(shownWarning),
      }
    }
    case 'working':
      return { statusCode: 1, status: 'Working on model.', percentDone: status.percentDone }
    case 'failed':
      return {
        statusCode: 2,
        status: 'There was a problem creating the model.',
        reason: status.reason,
      }
  }
}

const ModelBody = Type.Object({
  restart: Type.Optional(
    Type.Boolean({ description: 'Begins anew even where a model is being built' }),
  ),
  user: Type.Optional(Type.String({ description: 'Refused: stored credentials alone are used' })),
  password: Type.Optional(Type.String({ description: 'Refused, as `user`' })),
})

const buildModel = endpoint<SourceModelDeps, typeof ModelBody>({
  ...common,
  name: 'build-data-source-model',
  method: 'POST',
  path: `${path}/:id/model`,
  summary:
    'Have the OData model of a data source built anew; the old one is used until it is there',
  permissions: [permission.managementApi],
  audit: 'data-source.model-requested',
  success: 200,
  failed: refusals.dataSourceUpdateFailed,
  body: ModelBody,
  answer: Status,
  handle: async ({ sourceModels }, caller, { id, body, subject }) => {
    if (body.user !== undefined || body.password !== undefined)
      throw new ManagementError(
        refusals.invalidInput,
        'Leave out user and password: a model is built with the stored credentials alone.',
      )
    return shown(await sourceModels.build({ caller, subject }, id, body.restart === true))
  },
})

const readModelStatus = endpoint<SourceModelDeps>({
  ...common,
  name: 'read-data-source-model',
  method: 'GET',
  path: `${path}/:id/model`,
  summary: 'Read how the OData model of a data source is, with what is not served of it',
  permissions: [permission.managementApi],
  success: 200,
  answer: Status,
  handle: async ({ sourceModels }, caller, { id, subject }) =>
    shown(await sourceModels.read({ caller, subject }, id)),
})

const MapBody = Type.Object({
  // Another value has a refusal of its own, hence not checked here.
  map: Type.Optional(Type.Unknown({ description: `One of ${mapWishes.join(', ')}` })),
})

const refreshMap = endpoint<SourceModelDeps, typeof MapBody>({
  ...common,
  name: 'refresh-data-source-map',
  method: 'POST',
  path: `${path}/:id/map`,
  summary: 'Refresh the relational map of a data source; no data store of this server has one',
  permissions: [permission.managementApi],
  success: 200,
  failed: refusals.dataSourceUpdateFailed,
  body: MapBody,
  answer: Type.Object({ success: Type.Literal(true) }),
  handle: async ({ sourceModels }, caller, { id, body, subject }) => {
    await sourceModels.refreshMap({ caller, subject }, id, body.map)
    return { success: true }
  },
})

export const sourceModelEndpoints: readonly Endpoint<SourceModelDeps>[] = [
  buildModel,
  readModelStatus,
  refreshMap,
]
