import { permission } from '../../access/permissions.ts'
import { DependentsShape } from '../../shapes.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { cascade, details, paging, tenantFilter } from '../../parameters.ts'
import { checkSameId, fieldsOf } from './reading.ts'
import { changing, path, reading } from './common.ts'
import {
  CreateBody,
  FoundShape,
  ReplaceBody,
  type UserDeps,
  UserShape,
  UsersShape,
} from './shapes.ts'
import { shownFound, shownListed, shownUser } from './showing.ts'

const listing = { ...details, ...tenantFilter, ...paging } as const

const listUsers = endpoint<UserDeps, never, typeof listing>({
  ...reading,
  name: 'list-users',
  path,
  summary: 'List the users of the tenants that you administer',
  query: listing,
  answer: UsersShape,
  handle: async ({ userAdministration }, caller, { query }) => {
    const { piece, next } = await userAdministration.list(caller, query, query)
    return {
      users: piece.map((account) => shownListed(account, query.details === true)),
      ...(next === undefined ? {} : { next }),
    }
  },
})

const createUser = endpoint<UserDeps, typeof CreateBody>({
  ...changing,
  name: 'create-user',
  method: 'POST',
  path,
  summary: 'Create a user',
  permissions: [permission.createUsers],
  audit: 'user.created',
  success: 201,
  body: CreateBody,
  answer: UserShape,
  handle: async ({ userAdministration }, caller, { body }) =>
    shownUser(await userAdministration.create(caller, fieldsOf(body))),
  location: (answer) => `${path}/${(answer as { id: number }).id}`,
})

const readUser = endpoint<UserDeps, never, typeof details>({
  ...reading,
  name: 'read-user',
  path: `${path}/:id`,
  summary: 'Read a user',
  query: details,
  answer: UserShape,
  handle: async ({ userAdministration }, caller, { id, query }) => {
    const { account, administers } = await userAdministration.read(caller, id)
    return shownUser(account, query.details === true ? administers : undefined)
  },
})

const updateUser = endpoint<UserDeps, typeof ReplaceBody>({
  ...changing,
  name: 'update-user',
  method: 'PUT',
  path: `${path}/:id`,
  summary: 'Replace a user; another tenantId moves it',
  audit: 'user.updated',
  success: 200,
  body: ReplaceBody,
  answer: UserShape,
  handle: async ({ userAdministration }, caller, { id, body }) => {
    checkSameId(body, id)
    return shownUser(await userAdministration.replace(caller, id, fieldsOf(body)))
  },
})

const deleteUser = endpoint<UserDeps, never, typeof cascade>({
  ...changing,
  name: 'delete-user',
  method: 'DELETE',
  path: `${path}/:id`,
  summary: 'Delete a user with everything it owns; with cascade=true also what others use of that',
  permissions: [permission.deleteUsers],
  audit: 'user.deleted',
  success: 204,
  query: cascade,
  handle: async ({ userAdministration }, caller, { id, query }) =>
    userAdministration.remove(caller, id, query.cascade === true),
})

const listDependents = endpoint<UserDeps>({
  ...reading,
  name: 'list-user-dependents',
  path: `${path}/:id/dependents`,
  summary: 'List the client applications of a user for which deleting it is refused',
  answer: DependentsShape,
  handle: async ({ userAdministration }, caller, { id }) => ({
    dependents: await userAdministration.dependents(caller, id),
  }),
})

const findByAuthenticationName = endpoint<UserDeps, never, typeof details>({
  ...reading,
  name: 'find-users-by-authentication-name',
  path: `${path}/authUserName/:name`,
  summary: 'Find the user who signs in by a name',
  query: details,
  answer: FoundShape,
  handle: async ({ userAdministration }, caller, { name, query }) => {
    const account = await userAdministration.findByName(caller, name)
    return {
      users: account === undefined ? [] : [shownFound(account, query.details === true)],
    }
  },
})

export const userEndpoints: readonly Endpoint<UserDeps>[] = [
  listUsers,
  createUser,
  readUser,
  updateUser,
  deleteUser,
  listDependents,
  findByAuthenticationName,
]
