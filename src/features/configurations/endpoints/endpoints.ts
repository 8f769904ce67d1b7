import Type from 'typebox'
import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { refusals } from '../../refusals.ts'
import type { Configurations } from '../service.ts'

export type ConfigurationDeps = { readonly configurations: Configurations }

const Shown = Type.Object({
  id: Type.Integer(),
  description: Type.String(),
  value: Type.Union([Type.String(), Type.Null()]),
})

const Body = Type.Object({ value: Type.Union([Type.String(), Type.Null()]) })

const common = {
  permissions: [permission.configurations],
  success: 200,
  invalid: refusals.invalidInput,
  unknownId: refusals.configurationNotFound,
  failed: refusals.settingsNotProcessed,
} as const

const path = '/api/admin/configurations'

const listConfigurations = endpoint<ConfigurationDeps>({
  ...common,
  name: 'list-configurations',
  method: 'GET',
  path,
  summary: 'List the configurations of the system',
  answer: Type.Object({ configurations: Type.Array(Shown) }),
  handle: async ({ configurations }) => ({ configurations: await configurations.list() }),
})

const readConfiguration = endpoint<ConfigurationDeps>({
  ...common,
  name: 'read-configuration',
  method: 'GET',
  path: `${path}/:id`,
  summary: 'Read a configuration',
  answer: Shown,
  handle: ({ configurations }, _caller, { id }) => configurations.read(id),
})

const updateConfiguration = endpoint<ConfigurationDeps, typeof Body>({
  ...common,
  name: 'update-configuration',
  method: 'PUT',
  path: `${path}/:id`,
  summary: 'Change a configuration',
  audit: 'configuration.changed',
  body: Body,
  answer: Shown,
  handle: ({ configurations }, caller, { id, body }) =>
    configurations.update(caller, id, body.value),
})

export const configurationEndpoints: readonly Endpoint<ConfigurationDeps>[] = [
  listConfigurations,
  readConfiguration,
  updateConfiguration,
]
