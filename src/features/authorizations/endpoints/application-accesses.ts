import { type Endpoint, endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import { type AccessDeps, ending, listing, pageOf, shownAccesses } from './access-shapes.ts'

const path = '/api/admin/applications/:id/accesses'

const listAccessesOfApplication = endpoint<AccessDeps>({
  ...listing,
  name: 'list-accesses-of-application',
  path,
  summary: 'List the users who have given an application access',
  unknownId: refusals.applicationNotFound,
  handle: async ({ accesses }, _caller, { id, query }) =>
    shownAccesses(await accesses.list({ applicationId: id }, pageOf(query))),
})

const endAccessesOfApplication = endpoint<AccessDeps>({
  ...ending,
  name: 'end-accesses-of-application',
  path,
  summary: 'End all access that was given to an application; its secret stays',
  unknownId: refusals.applicationNotFound,
  handle: async ({ accesses }, _caller, { id }) => {
    await accesses.endAll({ applicationId: id })
  },
})

const endAccessOfApplication = endpoint<AccessDeps>({
  ...ending,
  name: 'end-access-of-application',
  path: `${path}/:other`,
  summary: 'End the access that one user has given to an application',
  unknownId: refusals.accessToEndNotFound,
  handle: async ({ accesses }, _caller, { id, other }) => {
    await accesses.endOne({ applicationId: id, userId: other })
  },
})

export const applicationAccessEndpoints: readonly Endpoint<AccessDeps>[] = [
  listAccessesOfApplication,
  endAccessesOfApplication,
  endAccessOfApplication,
]
