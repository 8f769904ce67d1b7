import { endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import {
  type ApplicationDeps,
  applicationsPath,
  common,
  fieldsOf,
  RegisterBody,
  ShownShape,
  shown,
} from './shapes.ts'

export const registerApplication = endpoint<ApplicationDeps, typeof RegisterBody>({
  ...common,
  name: 'register-application',
  method: 'POST',
  path: applicationsPath,
  summary: 'Register a client application; the answer shows its secret once',
  audit: 'application.registered',
  success: 201,
  invalid: refusals.applicationNotCreated,
  unknownId: refusals.applicationNotFound,
  failed: refusals.applicationCreationFailed,
  body: RegisterBody,
  answer: ShownShape,
  handle: async ({ applications }, caller, { body }) =>
    shown(await applications.register(caller, fieldsOf(body), body.clientType ?? 'confidential')),
  location: (answer) => `${applicationsPath}/${(answer as { id: number }).id}`,
})
