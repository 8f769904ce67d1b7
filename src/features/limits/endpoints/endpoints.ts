import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { paging } from '../../parameters.ts'
import { refusals } from '../../refusals.ts'
import { listed, path, reading } from './common.ts'
import {
  CatalogueShape,
  DataSourcesShape,
  type LimitDeps,
  SystemShape,
  TenantsShape,
  UsersShape,
} from './shapes.ts'
import { valueEndpoints } from './value-endpoints.ts'

const listLimits = endpoint<LimitDeps>({
  ...reading,
  name: 'list-limits',
  path,
  summary: 'List the limits that this server has, with their bounds and defaults',
  unknownId: refusals.limitNotFound,
  answer: CatalogueShape,
  handle: async ({ limits }) => ({ limits: limits.catalogue() }),
})

const listSystemLimits = endpoint<LimitDeps>({
  ...reading,
  name: 'list-system-limits',
  path: `${path}/system`,
  summary: 'List the limits that are set for the system',
  unknownId: refusals.limitNotFound,
  answer: SystemShape,
  handle: async ({ limits }) => ({ limits: await limits.listSystem() }),
})

const listTenantLimits = endpoint<LimitDeps, never, typeof paging>({
  ...reading,
  name: 'list-tenant-limits',
  path: `${path}/tenants`,
  summary: 'List the tenants that you administer, with the limits that are set on them',
  unknownId: refusals.tenantNotFound,
  query: paging,
  answer: TenantsShape,
  handle: async ({ limits }, caller, { query }) =>
    listed('tenantLimits', await limits.listTenants(caller, query), (of) => ({
      tenantId: of.id,
      tenantName: of.name,
    })),
})

const listUserLimits = endpoint<LimitDeps, never, typeof paging>({
  ...reading,
  name: 'list-user-limits',
  path: `${path}/users`,
  summary: 'List the users that you administer, with the limits that are set on them',
  unknownId: refusals.userNotFound,
  query: paging,
  answer: UsersShape,
  handle: async ({ limits }, caller, { query }) =>
    listed('userLimits', await limits.listUsers(caller, query), (of) => ({
      userId: of.id,
      userName: of.name,
    })),
})

const listDataSourceLimits = endpoint<LimitDeps, never, typeof paging>({
  ...reading,
  name: 'list-data-source-limits',
  path: `${path}/users/:id/datasources`,
  summary: 'List the data sources of a user, with the limits that are set on them',
  unknownId: refusals.userNotFound,
  query: paging,
  answer: DataSourcesShape,
  handle: async ({ limits }, caller, { id, query }) =>
    listed('dataSourceLimits', await limits.listDataSources(caller, id, query), (of) => ({
      dataSourceId: of.id,
      dataSourceName: of.name,
      isGroup: false,
    })),
})

export const limitEndpoints: readonly Endpoint<LimitDeps>[] = [
  listLimits,
  listSystemLimits,
  listTenantLimits,
  listUserLimits,
  listDataSourceLimits,
  ...valueEndpoints({
    level: 'system',
    noun: 'of the system',
    path: `${path}/system/:id`,
    writing: permission.administrator,
    unknownId: refusals.limitNotFound,
    read: ({ id }) => ({ owner: { level: 'system' }, limitId: id }),
  }),
  ...valueEndpoints({
    level: 'tenant',
    noun: 'of a tenant',
    path: `${path}/tenants/:id/:other`,
    writing: permission.limits,
    unknownId: refusals.tenantNotFound,
    read: ({ id, other }) => ({ owner: { level: 'tenant', tenantId: id }, limitId: other }),
  }),
  ...valueEndpoints({
    level: 'user',
    noun: 'of a user',
    path: `${path}/users/:id/:other`,
    writing: permission.limits,
    unknownId: refusals.userNotFound,
    read: ({ id, other }) => ({ owner: { level: 'user', userId: id }, limitId: other }),
  }),
  ...valueEndpoints({
    level: 'data-source',
    noun: 'of a data source',
    path: `${path}/users/:id/datasources/:other/:third`,
    writing: permission.limits,
    unknownId: refusals.dataSourceOfAnother,
    read: ({ id, other, third }) => ({
      owner: { level: 'data-source', userId: id, dataSourceId: other },
      limitId: third,
    }),
  }),
]
