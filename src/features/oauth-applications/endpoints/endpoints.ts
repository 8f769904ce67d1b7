import Type, { type Static } from 'typebox'
import { Secret } from '#lib/secret.ts'
import { permission, systemTenantId } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { paging, pieceOf, tenantFilter } from '../../parameters.ts'
import { refusals } from '../../refusals.ts'
import { Id } from '../../shapes.ts'
import { type OAuthApplication, oauthDataStores } from '../application.ts'
import type { OAuthApplicationService, ShownOAuthApplication } from '../service.ts'
import { dataStoreParameter } from './parameters.ts'

export type OAuthApplicationDeps = { readonly oauthApplications: OAuthApplicationService }

/** The eight keys of a list item, always all of them, in the order of HDP's sample (OAuth reference C.3). */
const listed = (application: OAuthApplication) => ({
  id: String(application.id),
  name: application.name,
  dataStore: String(application.dataStore),
  tenantId: application.tenantId,
  description: application.description,
  authorizeURI: application.authorizeUri,
  tokenURI: application.tokenUri,
  scope: application.scope,
})

/** The only place where the secret of an upstream becomes text of an answer. */
const shown = ({ application, redirectUri, secret }: ShownOAuthApplication) => ({
  ...listed(application),
  clientId: application.clientId,
  redirectURI: redirectUri,
  ...(secret === undefined ? {} : { clientSecret: secret.reveal() }),
  ...(application.tenantId === systemTenantId
    ? { availableToTenants: application.availableToTenants }
    : {}),
})

const Listed = Type.Object({
  id: Type.String(),
  name: Type.String(),
  dataStore: Type.String(),
  tenantId: Type.Integer(),
  description: Type.String(),
  authorizeURI: Type.String(),
  tokenURI: Type.String(),
  scope: Type.String(),
})

const Shown = Type.Object({
  ...Listed.properties,
  clientId: Type.String(),
  redirectURI: Type.String({
    description: 'Where the data store sends people back to: register it there',
  }),
  clientSecret: Type.Optional(Type.String()),
  availableToTenants: Type.Optional(Type.Boolean()),
})

/** A PUT keeps the secret and the availability that it leaves out, and resets what else it leaves out. */
const Uri = (example: string) =>
  Type.String({ description: 'An absolute https URL', examples: [example] })

const UpdateBody = Type.Object({
  name: Type.String({
    description:
      '1 to 128 letters, digits, underscores, blanks and dashes; unique in the tenant and data store',
  }),
  dataStore: Type.Union(Id.anyOf, {
    description: oauthDataStores.map(({ id, name }) => `${id} ${name}`).join(', '),
    examples: [oauthDataStores[0].id],
  }),
  tenantId: Type.Optional(Id),
  description: Type.Optional(Type.String()),
  clientId: Type.String(),
  clientSecret: Type.Optional(Type.String()),
  authorizeURI: Uri('https://accounts.google.com/o/oauth2/v2/auth'),
  tokenURI: Uri('https://oauth2.googleapis.com/token'),
  scope: Type.Optional(Type.String()),
  availableToTenants: Type.Optional(
    Type.Boolean({
      description:
        'Of the system tenant: whether every tenant may use it; true unless told otherwise',
    }),
  ),
})

const CreateBody = Type.Object({ ...UpdateBody.properties, clientSecret: Type.String() })

const sentIn = (body: Static<typeof UpdateBody>) => ({
  name: body.name,
  dataStore: Number(body.dataStore),
  tenantId: body.tenantId === undefined ? undefined : Number(body.tenantId),
  description: body.description ?? '',
  clientId: body.clientId,
  clientSecret: body.clientSecret === undefined ? undefined : new Secret(body.clientSecret),
  authorizeUri: body.authorizeURI,
  tokenUri: body.tokenURI,
  scope: body.scope ?? '',
  availableToTenants: body.availableToTenants,
})

const common = {
  permissions: [permission.managementApi, permission.oauth],
  codeAsText: true,
  onBehalf: true,
  invalid: refusals.invalidInput,
  unknownId: refusals.oauthApplicationNotFound,
} as const

const reading = { ...common, success: 200, failed: refusals.oauthApplicationsNotRead } as const
const changing = { ...common, failed: refusals.oauthApplicationNotChanged } as const

const path = '/api/mgmt/oauthapps'

const listQuery = { ...tenantFilter, dataStore: dataStoreParameter, ...paging } as const

const listOAuthApplications = endpoint<OAuthApplicationDeps, never, typeof listQuery>({
  ...reading,
  name: 'list-oauth-applications',
  method: 'GET',
  path,
  summary: 'List OAuth applications',
  query: listQuery,
  answer: Type.Object({
    applications: Type.Array(Listed),
    next: Type.Optional(Type.Integer()),
  }),
  handle: async ({ oauthApplications }, caller, { subject, query }) => {
    const found = await oauthApplications.list({ caller, subject }, query, query)
    const { piece, next } = pieceOf(found, query.limit)
    return { applications: piece.map(listed), ...(next === undefined ? {} : { next }) }
  },
})

const createOAuthApplication = endpoint<OAuthApplicationDeps, typeof CreateBody>({
  ...changing,
  name: 'create-oauth-application',
  method: 'POST',
  path,
  summary: 'Create an OAuth application: how this server is registered at a data store',
  audit: 'oauth-application.created',
  success: 201,
  body: CreateBody,
  answer: Shown,
  handle: async ({ oauthApplications }, caller, { subject, body }) =>
    shown(
      await oauthApplications.create(
        { caller, subject },
        { ...sentIn(body), clientSecret: new Secret(body.clientSecret) },
      ),
    ),
  location: (answer) => `${path}/${(answer as { id: string }).id}`,
})

const readOAuthApplication = endpoint<OAuthApplicationDeps>({
  ...reading,
  name: 'read-oauth-application',
  method: 'GET',
  path: `${path}/:id`,
  summary: 'Read an OAuth application',
  answer: Shown,
  handle: async ({ oauthApplications }, caller, { subject, id }) =>
    shown(await oauthApplications.read({ caller, subject }, id)),
})

const updateOAuthApplication = endpoint<OAuthApplicationDeps, typeof UpdateBody>({
  ...changing,
  name: 'update-oauth-application',
  method: 'PUT',
  path: `${path}/:id`,
  summary: 'Replace an OAuth application; without clientSecret the stored one is kept',
  audit: 'oauth-application.updated',
  success: 200,
  body: UpdateBody,
  answer: Shown,
  handle: async ({ oauthApplications }, caller, { subject, id, body }) =>
    shown(await oauthApplications.update({ caller, subject }, id, sentIn(body))),
})

const deleteOAuthApplication = endpoint<OAuthApplicationDeps>({
  ...changing,
  name: 'delete-oauth-application',
  method: 'DELETE',
  path: `${path}/:id`,
  summary: 'Delete an OAuth application, and with it its OAuth profiles',
  audit: 'oauth-application.deleted',
  success: 204,
  handle: async ({ oauthApplications }, caller, { subject, id }) =>
    oauthApplications.remove({ caller, subject }, id),
})

const listUsableOAuthApplications = endpoint<OAuthApplicationDeps>({
  name: 'list-usable-oauth-applications',
  method: 'GET',
  path: '/api/mgmt/datastores/:id/oauthapps',
  summary: 'Name the OAuth applications that you may use for data sources of a data store',
  permissions: [permission.createDataSource],
  codeAsText: true,
  success: 200,
  invalid: refusals.invalidInput,
  unknownId: refusals.oauthDataStoreNotFound,
  failed: refusals.oauthApplicationsNotRead,
  answer: Type.Object({
    applications: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
  }),
  handle: async ({ oauthApplications }, caller, { id }) => ({
    applications: (await oauthApplications.usable(caller, id)).map((application) => ({
      id: String(application.id),
      name: application.name,
    })),
  }),
})

const listDependents = endpoint<OAuthApplicationDeps>({
  ...reading,
  name: 'list-oauth-application-dependents',
  method: 'GET',
  path: `${path}/:id/dependents`,
  summary:
    'List the OAuth profiles that go with an OAuth application, and the data sources that use them',
  answer: Type.Object({
    dependents: Type.Array(
      Type.Object({
        kind: Type.String(),
        id: Type.Integer(),
        name: Type.Optional(Type.String()),
        owner: Type.Optional(Type.String({ description: 'The name of the user it belongs to' })),
      }),
    ),
  }),
  handle: async ({ oauthApplications }, caller, { subject, id }) => ({
    dependents: await oauthApplications.dependents({ caller, subject }, id),
  }),
})

export const oauthApplicationEndpoints: readonly Endpoint<OAuthApplicationDeps>[] = [
  listOAuthApplications,
  createOAuthApplication,
  readOAuthApplication,
  updateOAuthApplication,
  deleteOAuthApplication,
  listDependents,
  listUsableOAuthApplications,
]
