import Type from 'typebox'
import { permission } from '../../access/permissions.ts'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { dataStoreParameter } from '../../oauth-applications/endpoints/parameters.ts'
import { idParameter, paging, pieceOf } from '../../parameters.ts'
import { refusals } from '../../refusals.ts'
import type { OAuthProfileService } from '../service.ts'
import {
  CreateBody,
  event,
  EventShape,
  listed,
  ListedShape,
  sentIn,
  Shown,
  shown,
  UpdateBody,
  written,
} from './shapes.ts'

export type OAuthProfileDeps = { readonly oauthProfiles: OAuthProfileService }

const common = {
  codeAsText: true,
  onBehalf: true,
  invalid: refusals.invalidInput,
  unknownId: refusals.oauthProfileNotFound,
} as const

const reading = {
  ...common,
  method: 'GET',
  permissions: [permission.managementApi, permission.viewDataSource],
  success: 200,
  failed: refusals.oauthProfilesNotRead,
} as const

const changing = { ...common, failed: refusals.oauthProfileNotChanged } as const

const path = '/api/mgmt/oauthprofiles'

const listQuery = {
  dataStore: dataStoreParameter,
  oauthAppId: idParameter('Only those of this OAuth application'),
  ...paging,
} as const

const listOAuthProfiles = endpoint<OAuthProfileDeps, never, typeof listQuery>({
  ...reading,
  name: 'list-oauth-profiles',
  path,
  summary: 'List your OAuth profiles: your accounts at data stores',
  query: listQuery,
  answer: Type.Object({ profiles: Type.Array(ListedShape), next: Type.Optional(Type.Integer()) }),
  handle: async ({ oauthProfiles }, caller, { subject, query }) => {
    const found = await oauthProfiles.list({ caller, subject }, query)
    const { piece, next } = pieceOf(found, query.limit)
    return { profiles: piece.map(listed), ...(next === undefined ? {} : { next }) }
  },
})

const createOAuthProfile = endpoint<OAuthProfileDeps, typeof CreateBody>({
  ...changing,
  name: 'create-oauth-profile',
  method: 'POST',
  path,
  summary: 'Create an OAuth profile of tokens that you have got from the data store yourself',
  permissions: [permission.managementApi, permission.createDataSource],
  audit: 'oauth-profile.created',
  success: 201,
  body: CreateBody,
  answer: Shown,
  handle: async ({ oauthProfiles }, caller, { subject, body }) =>
    written(await oauthProfiles.create({ caller, subject }, sentIn(body))),
  location: (answer) => `${path}/${(answer as { id: number }).id}`,
})

const readOAuthProfile = endpoint<OAuthProfileDeps>({
  ...reading,
  name: 'read-oauth-profile',
  path: `${path}/:id`,
  summary: 'Read an OAuth profile: whether it works, and why not',
  answer: Shown,
  handle: async ({ oauthProfiles }, caller, { subject, id }) =>
    shown(await oauthProfiles.read({ caller, subject }, id)),
})

const updateOAuthProfile = endpoint<OAuthProfileDeps, typeof UpdateBody>({
  ...changing,
  name: 'update-oauth-profile',
  method: 'PUT',
  path: `${path}/:id`,
  summary: 'Replace an OAuth profile; without tokens the stored ones are kept',
  permissions: [permission.managementApi, permission.modifyDataSource],
  audit: 'oauth-profile.updated',
  success: 200,
  body: UpdateBody,
  answer: Shown,
  handle: async ({ oauthProfiles }, caller, { subject, id, body }) =>
    written(await oauthProfiles.update({ caller, subject }, id, sentIn(body))),
})

const deleteOAuthProfile = endpoint<OAuthProfileDeps>({
  ...changing,
  name: 'delete-oauth-profile',
  method: 'DELETE',
  path: `${path}/:id`,
  summary: 'Delete an OAuth profile; data sources that use it stay, and cannot connect without',
  permissions: [permission.managementApi, permission.deleteDataSource],
  audit: 'oauth-profile.deleted',
  success: 204,
  handle: async ({ oauthProfiles }, caller, { subject, id }) =>
    oauthProfiles.remove({ caller, subject }, id),
})

const readStats = endpoint<OAuthProfileDeps>({
  ...reading,
  name: 'read-oauth-profile-stats',
  path: `${path}/:id/stats`,
  summary: 'Name the data sources that use an OAuth profile',
  answer: Type.Object({
    dataSourcesLinked: Type.Integer(),
    dataStoreId: Type.Integer(),
    dataSources: Type.Array(
      Type.Object({ id: Type.String(), name: Type.String(), description: Type.String() }),
    ),
  }),
  handle: async ({ oauthProfiles }, caller, { subject, id }) => {
    const { dataStore, dataSources } = await oauthProfiles.stats({ caller, subject }, id)
    return {
      dataSourcesLinked: dataSources.length,
      dataStoreId: dataStore,
      dataSources: dataSources.map((source) => ({ ...source, id: String(source.id) })),
    }
  },
})

const readHistory = endpoint<OAuthProfileDeps>({
  ...reading,
  name: 'read-oauth-profile-history',
  path: `${path}/:id/history`,
  summary: 'What happened to the tokens of an OAuth profile, newest first',
  answer: Type.Object({ history: Type.Array(EventShape) }),
  handle: async ({ oauthProfiles }, caller, { subject, id }) => ({
    history: (await oauthProfiles.history({ caller, subject }, id)).map(event),
  }),
})

export const oauthProfileEndpoints: readonly Endpoint<OAuthProfileDeps>[] = [
  listOAuthProfiles,
  createOAuthProfile,
  readOAuthProfile,
  updateOAuthProfile,
  deleteOAuthProfile,
  readStats,
  readHistory,
]
