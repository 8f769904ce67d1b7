import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import type { DataSourceService } from '../service.ts'
import type { SourceLogs } from '../source-logs.ts'
import { common, path } from './shapes.ts'

export type SourceLogDeps = {
  readonly dataSources: DataSourceService
  readonly sourceLogs: SourceLogs
}

/** Of a data source and this node alone, so not the log of the server: that tells of others, too. */
const readLogs = endpoint<SourceLogDeps>({
  ...common,
  name: 'read-data-source-logs',
  method: 'GET',
  path: `${path}/:id/logs`,
  summary:
    'Download what happened to a data source on this node since it was started: the last 200 lines',
  permissions: [permission.managementApi],
  success: 200,
  download: ({ id }) => `datasource-${id}.log`,
  handle: async ({ dataSources, sourceLogs }, caller, { id, subject }) => {
    const source = await dataSources.read({ caller, subject }, id)
    return sourceLogs.read(source.id)
  },
})

export const sourceLogEndpoints: readonly Endpoint<SourceLogDeps>[] = [readLogs]
