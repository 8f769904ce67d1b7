import Type from 'typebox'
import { permission } from '../access/permissions.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { flagParameter } from '../parameters.ts'
import { refusals } from '../refusals.ts'
import type { DataStores } from './data-store.ts'

export type DataStoreDeps = { readonly dataStores: DataStores }

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])

const Option = Type.Object({
  name: Type.String(),
  displayName: Type.String(),
  documentation: orNull(Type.String()),
  type: Type.String({ description: '`string`, `integer`, `boolean` or `enumeration`' }),
  required: Type.Boolean(),
  default: orNull(Type.String({ description: 'What counts where the option is left out' })),
  displayTab: Type.Integer({ description: 'The id of one of the tabs' }),
  secret: Type.Boolean({ description: 'Sealed at rest and not shown again' }),
  values: orNull(Type.Array(Type.Object({ value: Type.String(), displayName: Type.String() }))),
  min: orNull(Type.Integer()),
  max: orNull(Type.Integer()),
  maxLength: Type.Integer(),
})

const DataStore = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  isBeta: Type.Boolean(),
  isGroup: Type.Boolean(),
  driver: Type.Object({ name: Type.String(), version: Type.String(), helpURL: Type.String() }),
  authorized: Type.Boolean({ description: 'Whether you may create data sources of it' }),
  connectionType: Type.Object({
    Cloud: Type.Object({
      tabs: Type.Array(Type.Object({ id: Type.Integer(), name: Type.String() })),
      options: Type.Array(Option),
    }),
  }),
})

const common = {
  method: 'GET',
  permissions: [permission.managementApi],
  success: 200,
  invalid: refusals.invalidInput,
  unknownId: refusals.dataStoreNotFound,
  failed: refusals.dataSourceReadFailed,
} as const

const listDataStores = endpoint<DataStoreDeps>({
  ...common,
  name: 'list-data-stores',
  path: '/api/mgmt/datastores',
  summary: 'List the data stores of this server, with the options of their data sources',
  answer: Type.Object({ dataStores: Type.Array(DataStore) }),
  handle: async ({ dataStores }, caller) => ({ dataStores: dataStores.list(caller) }),
})

const readDataStore = endpoint<DataStoreDeps>({
  ...common,
  name: 'read-data-store',
  path: '/api/mgmt/datastores/:id',
  summary: 'Read a data store, with the options of its data sources',
  answer: DataStore,
  handle: async ({ dataStores }, caller, { id }) => dataStores.read(caller, id),
})

const connectorFlags = {
  details: flagParameter('With the fields that are left out otherwise'),
  accessible: flagParameter('With those that others share with you'),
}

// On-premises connectors: this server has none (management reference 4.9, proposal). A client that looks for some finds none.

const listConnectors = endpoint<DataStoreDeps, never, typeof connectorFlags>({
  ...common,
  name: 'list-connectors',
  path: '/api/mgmt/connectors',
  summary: 'List your on-premises connectors: there are none',
  query: connectorFlags,
  answer: Type.Object({
    connectorIDs: Type.Optional(Type.Array(Type.String())),
    connectors: Type.Optional(Type.Array(Type.Object({}))),
  }),
  handle: async (_deps, _caller, { query }) =>
    query.details === true ? { connectors: [] } : { connectorIDs: [] },
})

const listAllConnectors = endpoint<DataStoreDeps, never, typeof connectorFlags>({
  ...common,
  name: 'list-all-connectors',
  path: '/api/admin/connectors',
  summary: 'List the on-premises connectors of everybody: there are none',
  permissions: [permission.administrator],
  query: connectorFlags,
  answer: Type.Object({ connectors: Type.Array(Type.Object({})) }),
  handle: async () => ({ connectors: [] }),
})

export const dataStoreEndpoints: readonly Endpoint<DataStoreDeps>[] = [
  listDataStores,
  readDataStore,
  listConnectors,
  listAllConnectors,
]
