import { endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import { type ApplicationDeps, applicationsPath, common } from './shapes.ts'

export const deleteApplication = endpoint<ApplicationDeps>({
  ...common,
  name: 'delete-application',
  method: 'DELETE',
  path: `${applicationsPath}/:id`,
  summary: 'Delete a client application with its secret, consents and tokens',
  audit: 'application.deleted',
  success: 204,
  unknownId: refusals.applicationToDeleteNotFound,
  failed: refusals.applicationDeleteFailed,
  handle: async ({ applications }, caller, { id }) => applications.remove(caller, id),
})
