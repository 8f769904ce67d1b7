import Type from 'typebox'
import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import type { DataSource } from '../data-source.ts'
import type { DataSourceService } from '../service.ts'

export type DataSourceDeps = { readonly dataSources: DataSourceService }

const listed = (source: DataSource) => ({
  id: String(source.id),
  name: source.name,
  dataStore: source.dataStore,
  isGroup: false,
  ...(source.description === undefined ? {} : { description: source.description }),
})

const shown = (source: DataSource) => ({
  ...listed(source),
  connectionType: source.connectionType,
  options: source.options,
})

const Listed = Type.Object({
  id: Type.String(),
  name: Type.String(),
  dataStore: Type.Integer(),
  isGroup: Type.Boolean(),
  description: Type.Optional(Type.String()),
})

const Shown = Type.Object({
  ...Listed.properties,
  connectionType: Type.String(),
  options: Type.Record(Type.String(), Type.String()),
})

const Body = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 128 }),
  // HDP's samples send the number as a string, too (management reference 0.2).
  dataStore: Type.Union([
    Type.Integer({ minimum: 1 }),
    Type.String({ pattern: '^[1-9][0-9]{0,8}$' }),
  ]),
  // Left out it has a refusal of its own, hence not required here.
  connectionType: Type.Optional(
    Type.String({ maxLength: 20, description: 'Needed; always `Cloud`' }),
  ),
  description: Type.Optional(Type.String({ maxLength: 256 })),
  options: Type.Optional(Type.Record(Type.String(), Type.String())),
})

const common = {
  invalid: refusals.invalidInput,
  unknownId: refusals.dataSourceNotFound,
  failed: refusals.dataSourceReadFailed,
} as const

const path = '/api/mgmt/datasources'

const listDataSources = endpoint<DataSourceDeps>({
  ...common,
  name: 'list-data-sources',
  method: 'GET',
  path,
  summary: 'List your data sources',
  permissions: [permission.managementApi, permission.viewDataSource],
  success: 200,
  answer: Type.Object({ dataSources: Type.Array(Listed) }),
  handle: async ({ dataSources }, caller) => ({
    dataSources: (await dataSources.list(caller)).map(listed),
  }),
})

const createDataSource = endpoint<DataSourceDeps, typeof Body>({
  ...common,
  name: 'create-data-source',
  method: 'POST',
  path,
  summary: 'Create a data source',
  permissions: [permission.managementApi, permission.createDataSource],
  audit: 'data-source.created',
  success: 201,
  failed: refusals.dataSourceUpdateFailed,
  body: Body,
  answer: Shown,
  handle: async ({ dataSources }, caller, { body }) =>
    shown(
      await dataSources.create(caller, {
        name: body.name,
        dataStore: Number(body.dataStore),
        connectionType: body.connectionType,
        description: body.description,
        options: body.options ?? {},
      }),
    ),
  location: (answer) => `${path}/${(answer as { id: string }).id}`,
})

const readDataSource = endpoint<DataSourceDeps>({
  ...common,
  name: 'read-data-source',
  method: 'GET',
  path: `${path}/:id`,
  summary: 'Read a data source',
  permissions: [permission.managementApi, permission.viewDataSource],
  success: 200,
  answer: Shown,
  handle: async ({ dataSources }, caller, { id }) => shown(await dataSources.read(caller, id)),
})

const deleteDataSource = endpoint<DataSourceDeps>({
  ...common,
  name: 'delete-data-source',
  method: 'DELETE',
  path: `${path}/:id`,
  summary: 'Delete a data source',
  permissions: [permission.managementApi, permission.deleteDataSource],
  audit: 'data-source.deleted',
  success: 204,
  failed: refusals.dataSourceDeleteFailed,
  handle: async ({ dataSources }, caller, { id }) => dataSources.remove(caller, id),
})

export const dataSourceEndpoints: readonly Endpoint<DataSourceDeps>[] = [
  listDataSources,
  createDataSource,
  readDataSource,
  deleteDataSource,
]
