import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { paging } from '../../parameters.ts'
import { asking, changing, path, reading } from './common.ts'
import { authUsersOf, grantsOf, statusOf } from './reading.ts'
import {
  AuthUsersBody,
  AuthUsersShape,
  GrantsBody,
  GrantsShape,
  OwnPermissionsShape,
  OwnUserShape,
  SourcesShape,
  StatusBody,
  StatusShape,
  TenantsBody,
  TenantsShape,
  type UserDeps,
} from './shapes.ts'
import {
  ownPermissions,
  shownAuthUsers,
  shownGrants,
  shownOwn,
  shownSource,
  shownStatus,
} from './showing.ts'

const replacing = { ...changing, method: 'PUT', success: 200 } as const

const readStatus = endpoint<UserDeps>({
  ...reading,
  name: 'read-user-status',
  path: `${path}/:id/statusinfo`,
  summary: 'Read whether a user is active, and whether it is locked',
  answer: StatusShape,
  handle: async ({ userParts }, caller, { id }) => shownStatus(await userParts.read(caller, id)),
})

const updateStatus = endpoint<UserDeps, typeof StatusBody>({
  ...replacing,
  name: 'update-user-status',
  path: `${path}/:id/statusinfo`,
  summary: 'Enable, disable, lock or unlock a user',
  audit: 'user.status-updated',
  body: StatusBody,
  answer: StatusShape,
  handle: async ({ userParts }, caller, { id, body }) =>
    shownStatus(await userParts.setStatus(caller, id, statusOf(body))),
})

const readGrants = endpoint<UserDeps>({
  ...reading,
  name: 'read-user-permissions',
  path: `${path}/:id/permissions`,
  summary: 'Read the roles of a user, and the permissions given beside them',
  answer: GrantsShape,
  handle: async ({ userParts }, caller, { id }) =>
    shownGrants((await userParts.read(caller, id)).grants),
})

const updateGrants = endpoint<UserDeps, typeof GrantsBody>({
  ...replacing,
  name: 'update-user-permissions',
  path: `${path}/:id/permissions`,
  summary: 'Replace the roles of a user, and the permissions given beside them',
  audit: 'user.permissions-updated',
  body: GrantsBody,
  answer: GrantsShape,
  handle: async ({ userParts }, caller, { id, body }) =>
    shownGrants((await userParts.setGrants(caller, id, grantsOf(body))).grants),
})

const readAuthentication = endpoint<UserDeps>({
  ...reading,
  name: 'read-user-authentication',
  path: `${path}/:id/authinfo`,
  summary: 'Read how a user proves who it is',
  answer: AuthUsersShape,
  handle: async ({ userParts }, caller, { id }) => shownAuthUsers(await userParts.read(caller, id)),
})

const updateAuthentication = endpoint<UserDeps, typeof AuthUsersBody>({
  ...replacing,
  name: 'update-user-authentication',
  path: `${path}/:id/authinfo`,
  summary: 'Say how a user proves who it is; only the internal service (1) is offered',
  audit: 'user.authentication-updated',
  body: AuthUsersBody,
  answer: AuthUsersShape,
  handle: async ({ userParts }, caller, { id, body }) =>
    shownAuthUsers(await userParts.setAuthUsers(caller, id, authUsersOf(body))),
})

const readTenants = endpoint<UserDeps>({
  ...reading,
  name: 'read-user-tenants',
  path: `${path}/:id/tenantsadministered`,
  summary: 'List the tenants on which a user has administrative access',
  answer: TenantsShape,
  handle: async ({ userParts }, caller, { id }) => ({
    tenantsAdministered: await userParts.tenantsOf(caller, id),
  }),
})

const updateTenants = endpoint<UserDeps, typeof TenantsBody>({
  ...replacing,
  name: 'update-user-tenants',
  path: `${path}/:id/tenantsadministered`,
  summary: 'Replace the tenants on which a user has administrative access',
  permissions: [permission.tenantApi, permission.modifyUsers],
  audit: 'user.tenants-updated',
  body: TenantsBody,
  answer: TenantsShape,
  handle: async ({ userParts }, caller, { id, body }) => ({
    tenantsAdministered: await userParts.setTenants(
      caller,
      id,
      body.tenantsAdministered.map(Number),
    ),
  }),
})

const listSources = endpoint<UserDeps, never, typeof paging>({
  ...reading,
  name: 'list-data-sources-of-user',
  path: `${path}/:id/datasources`,
  summary: 'List the data sources of a user',
  query: paging,
  answer: SourcesShape,
  handle: async ({ userParts }, caller, { id, query }) => {
    const { piece, next } = await userParts.sourcesOf(caller, id, query)
    return { dataSources: piece.map(shownSource), ...(next === undefined ? {} : { next }) }
  },
})

const readOwnUser = endpoint<UserDeps>({
  ...asking,
  name: 'read-own-user',
  path: '/api/mgmt/user',
  summary: 'Read your own id, what you may do, and until when your password is valid',
  answer: OwnUserShape,
  handle: async ({ userParts }, caller) => shownOwn(caller, await userParts.own(caller)),
})

const listOwnPermissions = endpoint<UserDeps>({
  ...asking,
  name: 'list-own-permissions',
  path: '/api/mgmt/permissions',
  summary: 'List the permissions that you hold, by roles or directly',
  answer: OwnPermissionsShape,
  handle: async (_deps, caller) => ({ permissions: ownPermissions(caller) }),
})

export const userPartEndpoints: readonly Endpoint<UserDeps>[] = [
  readStatus,
  updateStatus,
  readGrants,
  updateGrants,
  readAuthentication,
  updateAuthentication,
  readTenants,
  updateTenants,
  listSources,
  readOwnUser,
  listOwnPermissions,
]
