import Type from 'typebox'
import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { details, flagParameter, idParameter, paging, wordParameter } from '../../parameters.ts'
import { refusals } from '../../refusals.ts'
import { Ids, Next, numbersOf } from '../../shapes.ts'
import type { DataSource, ShownDataSource } from '../data-source.ts'
import type { DataSourceService } from '../service.ts'
import { sourceLogEndpoints, type SourceLogDeps } from './logs.ts'
import { sourceModelEndpoints, type SourceModelDeps } from './models.ts'
import { common, path } from './shapes.ts'

type Deps = { readonly dataSources: DataSourceService }

export type DataSourceDeps = Deps & SourceModelDeps & SourceLogDeps

const listed = (source: DataSource) => ({
  id: String(source.id),
  name: source.name,
  dataStore: source.dataStore,
  isGroup: false,
  ...(source.description === undefined ? {} : { description: source.description }),
})

const shown = (source: ShownDataSource) => ({
  ...listed(source),
  connectionType: source.connectionType,
  options: source.allOptions,
  ...(source.permissions === undefined ? {} : { permissions: source.permissions }),
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
  permissions: Type.Optional(Type.Array(Type.Integer())),
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
    Type.String({
      maxLength: 20,
      description: 'Always `Cloud`; needed, but for data stores that take OAuth',
    }),
  ),
  description: Type.Optional(Type.String({ maxLength: 256 })),
  options: Type.Optional(Type.Record(Type.String(), Type.String())),
  permissions: Type.Optional(Ids),
})

/** A secret option that is left out or empty stays as it is. */
const UpdateBody = Type.Object({
  name: Body.properties.name,
  dataStore: Type.Optional(Body.properties.dataStore),
  connectionType: Body.properties.connectionType,
  description: Body.properties.description,
  options: Body.properties.options,
  permissions: Body.properties.permissions,
})

/** HDP's `user` and `password` are credentials for the data store, which none of ours takes so. */
const TestBody = Type.Object({})

/** They go together (management reference 4.3); there are no groups yet, so nothing is in one. */
const listing = {
  ...paging,
  member: idParameter('Only groups that this data source is a member of'),
  type: wordParameter('`all`, `simple` (no groups) or `group`', ['all', 'simple', 'group']),
  isOData: flagParameter('Only those that can be read with OData, or only the others'),
} as const

const listDataSources = endpoint<Deps, never, typeof listing>({
  ...common,
  name: 'list-data-sources',
  method: 'GET',
  path,
  summary: 'List your data sources',
  permissions: [permission.managementApi],
  success: 200,
  query: listing,
  answer: Type.Object({ dataSources: Type.Array(Listed), next: Next }),
  handle: async ({ dataSources }, caller, { subject, query }) => {
    const { member, type, isOData, ...page } = query
    const filter = { groups: type === 'group' || member !== undefined, isOData }
    const { seen, next } = await dataSources.list({ caller, subject }, page, filter)
    return { dataSources: seen.map(listed), ...(next === undefined ? {} : { next }) }
  },
})

const createDataSource = endpoint<Deps, typeof Body>({
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
  handle: async ({ dataSources }, caller, { body, subject }) =>
    shown(
      await dataSources.create(
        { caller, subject },
        {
          name: body.name,
          dataStore: Number(body.dataStore),
          connectionType: body.connectionType,
          description: body.description,
          options: body.options ?? {},
          permissions: body.permissions && numbersOf(body.permissions),
        },
      ),
    ),
  location: (answer) => `${path}/${(answer as { id: string }).id}`,
})

const readDataSource = endpoint<Deps, never, typeof details>({
  ...common,
  name: 'read-data-source',
  method: 'GET',
  path: `${path}/:id`,
  summary: 'Read a data source',
  permissions: [permission.managementApi],
  success: 200,
  // What details add tells of sharing, which there is none of yet.
  query: details,
  answer: Shown,
  handle: async ({ dataSources }, caller, { id, subject }) =>
    shown(await dataSources.read({ caller, subject }, id)),
})

const updateDataSource = endpoint<Deps, typeof UpdateBody>({
  ...common,
  name: 'update-data-source',
  method: 'PUT',
  path: `${path}/:id`,
  summary: 'Replace a data source; secret options that are left out or empty are kept',
  permissions: [permission.managementApi],
  audit: 'data-source.updated',
  success: 200,
  failed: refusals.dataSourceUpdateFailed,
  body: UpdateBody,
  answer: Shown,
  handle: async ({ dataSources }, caller, { id, body, subject }) =>
    shown(
      await dataSources.update({ caller, subject }, id, {
        name: body.name,
        dataStore: body.dataStore === undefined ? undefined : Number(body.dataStore),
        connectionType: body.connectionType,
        description: body.description,
        options: body.options ?? {},
        permissions: body.permissions && numbersOf(body.permissions),
      }),
    ),
})

const testDataSource = endpoint<Deps, typeof TestBody>({
  ...common,
  name: 'test-data-source',
  method: 'POST',
  path: `${path}/:id/test`,
  summary: 'Try to connect to a data source, with a token that is renewed if need be',
  permissions: [permission.managementApi],
  success: 200,
  failed: refusals.dataSourceReadFailed,
  body: TestBody,
  answer: Type.Object({ success: Type.Literal(true) }),
  handle: async ({ dataSources }, caller, { id, subject }) => {
    await dataSources.test({ caller, subject }, id)
    return { success: true }
  },
})

const deleteDataSource = endpoint<Deps>({
  ...common,
  name: 'delete-data-source',
  method: 'DELETE',
  path: `${path}/:id`,
  summary: 'Delete a data source',
  permissions: [permission.managementApi],
  audit: 'data-source.deleted',
  success: 204,
  failed: refusals.dataSourceDeleteFailed,
  handle: async ({ dataSources }, caller, { id, subject }) =>
    dataSources.remove({ caller, subject }, id),
})

const Permissions = Type.Object({ permissions: Type.Array(Type.Integer()) })

const readPermissions = endpoint<Deps>({
  ...common,
  name: 'read-data-source-permissions',
  method: 'GET',
  path: `${path}/:id/permissions`,
  summary: 'Read the permissions set on a data source, or else those of its owner',
  permissions: [permission.managementApi],
  success: 200,
  answer: Permissions,
  handle: async ({ dataSources }, caller, { id, subject }) => ({
    permissions: await dataSources.readPermissions({ caller, subject }, id),
  }),
})

/** Null takes back what was set. It must be said: a slip in the only key must not widen what an owner may do. */
const PermissionsBody = Type.Object({ permissions: Type.Union([Ids, Type.Null()]) })

const updatePermissions = endpoint<Deps, typeof PermissionsBody>({
  ...common,
  name: 'update-data-source-permissions',
  method: 'PUT',
  path: `${path}/:id/permissions`,
  summary: 'Set permissions on a data source; its owner is named by ?user= and bound by them',
  permissions: [permission.managementApi, permission.modifyDataSource],
  audit: 'data-source.permissions-updated',
  success: 200,
  failed: refusals.dataSourceUpdateFailed,
  body: PermissionsBody,
  answer: Permissions,
  handle: async ({ dataSources }, caller, { id, body, subject }) => ({
    permissions: await dataSources.setPermissions(
      { caller, subject },
      id,
      body.permissions === null ? undefined : numbersOf(body.permissions),
    ),
  }),
})

export const dataSourceEndpoints: readonly Endpoint<DataSourceDeps>[] = [
  listDataSources,
  createDataSource,
  readDataSource,
  updateDataSource,
  testDataSource,
  deleteDataSource,
  readPermissions,
  updatePermissions,
  ...sourceModelEndpoints,
  ...sourceLogEndpoints,
]
