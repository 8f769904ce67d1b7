import type { Endpoint } from '../../endpoint.ts'
import { deleteApplication } from './delete-application.ts'
import { listApplications } from './list-applications.ts'
import { readApplication } from './read-application.ts'
import { registerApplication } from './register-application.ts'
import { resetApplication } from './reset-application.ts'
import type { ApplicationDeps } from './shapes.ts'
import { updateApplication } from './update-application.ts'

export const applicationEndpoints: readonly Endpoint<ApplicationDeps>[] = [
  listApplications,
  registerApplication,
  readApplication,
  updateApplication,
  deleteApplication,
  resetApplication,
]
