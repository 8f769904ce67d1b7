import Type, { type Static } from 'typebox'
import { systemTenantId } from '../../access/permissions.ts'
import { refusals } from '../../refusals.ts'
import { grantTypes } from '#oauth/model.ts'
import { timestamp } from '../../timestamp.ts'
import {
  type Application,
  type ApplicationFields,
  maxDataSources,
  readRedirectUrls,
} from '../application.ts'
import type { ApplicationService, ShownApplication } from '../service.ts'
import type { SecretDates } from '../secret-store.ts'

export type ApplicationDeps = { readonly applications: ApplicationService }

export const applicationsPath = '/api/mgmt/oauth/client/applications'

const GrantTypes = Type.Array(Type.Union(grantTypes.map((type) => Type.Literal(type))), {
  minItems: 1,
  maxItems: 10,
  uniqueItems: true,
})
// Ids of data sources are strings in HDP's answers; a number means the same (management reference 0.2).
const DataSources = Type.Array(
  Type.Union([Type.String({ pattern: '^[1-9][0-9]{0,14}$' }), Type.Integer({ minimum: 1 })]),
  { maxItems: maxDataSources },
)
// HDP's text also speaks of one string, parted by commas (reference A.0.1).
const RedirectUrls = Type.Union([
  Type.Array(Type.String({ maxLength: 2000 }), { maxItems: 50 }),
  Type.String({ maxLength: 20_000 }),
])

const optionalFields = {
  description: Type.Optional(Type.String({ maxLength: 256 })),
  grantTypes: Type.Optional(GrantTypes),
  dataSources: Type.Optional(DataSources),
  refreshTokenRotation: Type.Optional(Type.Boolean()),
  enabled: Type.Optional(Type.Boolean()),
  availableToTenants: Type.Optional(Type.Boolean()),
  clientType: Type.Optional(Type.Union([Type.Literal('confidential'), Type.Literal('public')])),
}

export const RegisterBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 128 }),
  // Needed where the browser comes back (application.ts); a machine client has none.
  redirectUrls: Type.Optional(RedirectUrls),
  ...optionalFields,
})

/** A field left out keeps its value (reference A.4). */
export const UpdateBody = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  redirectUrls: Type.Optional(RedirectUrls),
  ...optionalFields,
})

export const ListedShape = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
  redirectUrls: Type.Array(Type.String()),
})

export const ShownShape = Type.Object({
  ...ListedShape.properties,
  clientId: Type.String(),
  clientSecret: Type.Optional(Type.String()),
  clientSecrets: Type.Optional(
    Type.Array(Type.Object({ createdAt: Type.String(), expiresAt: Type.Optional(Type.String()) })),
  ),
  clientType: Type.String(),
  grantTypes: Type.Array(Type.String()),
  dataSources: Type.Optional(Type.Array(Type.String())),
  refreshTokenRotation: Type.Boolean(),
  enabled: Type.Boolean(),
  availableToTenants: Type.Optional(Type.Boolean()),
  createdAt: Type.String(),
  lastUsedAt: Type.Optional(Type.String()),
})

export const listed = (application: Application) => ({
  id: application.id,
  name: application.name,
  description: application.description,
  redirectUrls: application.redirectUrls,
})

const dates = ({ createdAt, expiresAt }: SecretDates) => ({
  createdAt: timestamp(createdAt),
  ...(expiresAt === undefined ? {} : { expiresAt: timestamp(expiresAt) }),
})

/** The only place where a client secret becomes text of an answer. */
export const shown = ({ application, secret, liveSecrets }: ShownApplication) => ({
  ...listed(application),
  clientId: application.clientId,
  ...(secret === undefined ? {} : { clientSecret: secret.reveal() }),
  ...(application.clientType === 'public' ? {} : { clientSecrets: liveSecrets.map(dates) }),
  clientType: application.clientType,
  grantTypes: application.grantTypes,
  ...(application.grantTypes.includes('client_credentials')
    ? { dataSources: application.dataSources.map(String) }
    : {}),
  refreshTokenRotation: application.rotatesRefreshTokens,
  enabled: application.enabled,
  ...(application.tenantId === systemTenantId
    ? { availableToTenants: application.availableToTenants }
    : {}),
  createdAt: timestamp(application.createdAt),
  ...(application.lastUsedAt === undefined
    ? {}
    : { lastUsedAt: timestamp(application.lastUsedAt) }),
})

const defaults: ApplicationFields = {
  name: '',
  description: '',
  redirectUrls: [],
  grantTypes: ['authorization_code', 'refresh_token'],
  dataSources: [],
  rotatesRefreshTokens: false,
  enabled: true,
  availableToTenants: false,
}

/** The list goes with its grant type: whoever takes that away need not empty the list as well. */
const dataSourcesOf = (
  body: Static<typeof UpdateBody>,
  before: ApplicationFields,
): readonly number[] => {
  if (body.dataSources !== undefined) return [...new Set(body.dataSources.map(Number))]
  const kept = (body.grantTypes ?? before.grantTypes).includes('client_credentials')
  return kept ? before.dataSources : []
}

/** The fields of a body over those there are, or over the defaults. */
export const fieldsOf = (
  body: Static<typeof UpdateBody>,
  before: ApplicationFields = defaults,
): ApplicationFields => ({
  name: body.name ?? before.name,
  description: body.description ?? before.description,
  redirectUrls:
    body.redirectUrls === undefined ? before.redirectUrls : readRedirectUrls(body.redirectUrls),
  grantTypes: body.grantTypes ?? before.grantTypes,
  dataSources: dataSourcesOf(body, before),
  rotatesRefreshTokens: body.refreshTokenRotation ?? before.rotatesRefreshTokens,
  enabled: body.enabled ?? before.enabled,
  availableToTenants: body.availableToTenants ?? before.availableToTenants,
})

/** What the endpoints of this noun have in common: any active user, no acting for others (reference A.0). */
export const common = {
  permissions: [],
  invalid: refusals.invalidInput,
} as const
