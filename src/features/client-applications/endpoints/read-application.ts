import { endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import { type ApplicationDeps, applicationsPath, common, ShownShape, shown } from './shapes.ts'

export const readApplication = endpoint<ApplicationDeps>({
  ...common,
  name: 'read-application',
  method: 'GET',
  path: `${applicationsPath}/:id`,
  summary: 'Read a client application',
  success: 200,
  unknownId: refusals.applicationNotFound,
  failed: refusals.applicationsNotRead,
  answer: ShownShape,
  handle: async ({ applications }, caller, { id }) => shown(await applications.read(caller, id)),
})
