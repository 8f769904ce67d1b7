import Type from 'typebox'
import { endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import { type ApplicationDeps, applicationsPath, common, ListedShape, listed } from './shapes.ts'

export const listApplications = endpoint<ApplicationDeps>({
  ...common,
  name: 'list-applications',
  method: 'GET',
  path: applicationsPath,
  summary: 'List the client applications that you registered',
  success: 200,
  unknownId: refusals.applicationNotFound,
  failed: refusals.applicationsNotRead,
  answer: Type.Object({ applications: Type.Array(ListedShape) }),
  handle: async ({ applications }, caller) => ({
    applications: (await applications.list(caller)).map(listed),
  }),
})
