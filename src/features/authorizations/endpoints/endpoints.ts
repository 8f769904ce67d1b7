import Type from 'typebox'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import type { AllowedApplications } from '../allowed.ts'

export type AllowedDeps = { readonly allowed: AllowedApplications }

const path = '/api/mgmt/oauth/client/allowedapplications'

const common = {
  permissions: [],
  invalid: refusals.invalidInput,
  unknownId: refusals.accessNotFound,
} as const

const listAllowedApplications = endpoint<AllowedDeps>({
  ...common,
  name: 'list-allowed-applications',
  method: 'GET',
  path,
  summary: 'List the applications to which you have given access',
  success: 200,
  failed: refusals.applicationsNotRead,
  answer: Type.Object({
    applications: Type.Array(
      Type.Object({ id: Type.Integer(), name: Type.String(), scopes: Type.Array(Type.String()) }),
    ),
  }),
  handle: async ({ allowed }, caller) => ({
    applications: (await allowed.list(caller)).map(({ id, name, scope }) => ({
      id,
      name,
      scopes: [scope],
    })),
  }),
})

const revokeAllowedApplication = endpoint<AllowedDeps>({
  ...common,
  name: 'revoke-allowed-application',
  method: 'DELETE',
  path: `${path}/:id`,
  summary: 'End the access that you have given to an application',
  audit: 'access.revoked',
  success: 204,
  failed: refusals.applicationDeleteFailed,
  handle: async ({ allowed }, caller, { id }) => allowed.revoke(caller, id),
})

export const allowedEndpoints: readonly Endpoint<AllowedDeps>[] = [
  listAllowedApplications,
  revokeAllowedApplication,
]
