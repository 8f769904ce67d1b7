import { endpoint } from '../../endpoint.ts'
import { ManagementError, refusals } from '../../refusals.ts'
import {
  type ApplicationDeps,
  applicationsPath,
  common,
  fieldsOf,
  ShownShape,
  shown,
  UpdateBody,
} from './shapes.ts'

export const updateApplication = endpoint<ApplicationDeps, typeof UpdateBody>({
  ...common,
  name: 'update-application',
  method: 'PUT',
  path: `${applicationsPath}/:id`,
  summary:
    'Change a client application; removing a redirect URL or grant type ends what depended on it',
  audit: 'application.updated',
  success: 200,
  invalid: refusals.applicationNotUpdated,
  unknownId: refusals.applicationToUpdateNotFound,
  failed: refusals.applicationUpdateFailed,
  body: UpdateBody,
  answer: ShownShape,
  handle: async ({ applications }, caller, { id, body }) =>
    shown(
      await applications.update(caller, id, (before) => {
        if (body.clientType !== undefined && body.clientType !== before.clientType)
          throw new ManagementError(
            refusals.applicationNotUpdated,
            'clientType cannot be changed; register another application.',
          )
        return { fields: fieldsOf(body, before), setsDataSources: body.dataSources !== undefined }
      }),
    ),
})
