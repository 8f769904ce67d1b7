import { type Endpoint, endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import { type AccessDeps, ending, listing, pageOf, shownAccesses } from './access-shapes.ts'

const path = '/api/admin/users/:id/accesses'

const listAccessesOfUser = endpoint<AccessDeps>({
  ...listing,
  name: 'list-accesses-of-user',
  path,
  summary: 'List the applications to which a user has given access',
  unknownId: refusals.userNotFound,
  handle: async ({ accesses }, _caller, { id, query }) =>
    shownAccesses(await accesses.list({ userId: id }, pageOf(query))),
})

const endAccessesOfUser = endpoint<AccessDeps>({
  ...ending,
  name: 'end-accesses-of-user',
  path,
  summary: 'End all access that a user has given',
  unknownId: refusals.userNotFound,
  handle: async ({ accesses }, _caller, { id }) => {
    await accesses.endAll({ userId: id })
  },
})

const endAccessOfUser = endpoint<AccessDeps>({
  ...ending,
  name: 'end-access-of-user',
  path: `${path}/:other`,
  summary: 'End the access that a user has given to one application',
  unknownId: refusals.accessToEndNotFound,
  handle: async ({ accesses }, _caller, { id, other }) => {
    await accesses.endOne({ userId: id, applicationId: other })
  },
})

export const userAccessEndpoints: readonly Endpoint<AccessDeps>[] = [
  listAccessesOfUser,
  endAccessesOfUser,
  endAccessOfUser,
]
