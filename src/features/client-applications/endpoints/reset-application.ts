import { endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import { overlap } from '../overlap.ts'
import { type ApplicationDeps, applicationsPath, common, ShownShape, shown } from './shapes.ts'

export const resetApplication = endpoint<ApplicationDeps, never, { overlap: typeof overlap }>({
  ...common,
  // Who misspells the parameter must not end all access instead.
  query: { overlap },
  onlyTheseParameters: true,
  invalid: refusals.applicationNotReset,
  name: 'reset-application',
  method: 'PUT',
  path: `${applicationsPath}/:id/reset`,
  summary:
    'Give a client application a new secret and end all access granted to it; with ?overlap=12h the old secret stays valid so long, and nothing ends',
  audit: 'application.reset',
  success: 200,
  unknownId: refusals.applicationToResetNotFound,
  failed: refusals.applicationResetFailed,
  answer: ShownShape,
  handle: async ({ applications }, caller, { id, query }) =>
    shown(await applications.reset(caller, id, query.overlap)),
})
