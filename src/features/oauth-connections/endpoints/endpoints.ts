import Type, { type Static } from 'typebox'
import { type Endpoint, endpoint } from '../../endpoint.ts'
import { ManagementError, refusals } from '../../refusals.ts'
import { Id } from '../../shapes.ts'
import { timestamp } from '../../timestamp.ts'
import { connecting } from '../connection.ts'
import type { AskedConnection } from '../requests.ts'
import type { OAuthConnections } from '../service.ts'

export type OAuthConnectionDeps = { readonly oauthConnections: OAuthConnections }

const Body = Type.Object({
  name: Type.Optional(
    Type.String({
      description: 'Of the new OAuth profile; left out where one is connected again',
      examples: ['User_1'],
    }),
  ),
  description: Type.Optional(Type.String()),
  profileId: Type.Optional(
    Type.Union(Id.anyOf, { description: 'Your OAuth profile that is to be connected again' }),
  ),
})

const askedIn = ({ name, description, profileId }: Static<typeof Body>): AskedConnection => {
  if (profileId === undefined && name !== undefined) return { name, description: description ?? '' }
  if (profileId !== undefined && name === undefined && description === undefined)
    return { profileId: Number(profileId) }
  throw new ManagementError(
    refusals.invalidInput,
    'Send the name of a new OAuth profile (and its description), or profileId alone.',
  )
}

const connectOAuthApplication = endpoint<OAuthConnectionDeps, typeof Body>({
  name: 'connect-oauth-application',
  method: 'POST',
  path: '/api/mgmt/oauthapps/:id/connect',
  summary:
    'Make a link with which you connect your account at the data store: open it in a browser, signed in here',
  permissions: connecting,
  audit: 'oauth-connection.requested',
  codeAsText: true,
  success: 201,
  invalid: refusals.invalidInput,
  unknownId: refusals.oauthApplicationNotFound,
  failed: refusals.oauthConnectionNotRequested,
  body: Body,
  answer: Type.Object({
    link: Type.String({ description: 'Shown once, good for one use within 10 minutes' }),
    expires: Type.String({ description: 'YYYY-MM-DD HH:mm:ss, in UTC' }),
  }),
  handle: async ({ oauthConnections }, caller, { id, body }) => {
    const { link, expiresAt } = await oauthConnections.request(caller, id, askedIn(body))
    // The only place where a link becomes text of an answer.
    return { link: link.reveal(), expires: timestamp(expiresAt) }
  },
})

export const oauthConnectionEndpoints: readonly Endpoint<OAuthConnectionDeps>[] = [
  connectOAuthApplication,
]
