import { serverMetadata } from '#oauth/metadata.ts'
import { odataScope, scopeInWords } from '#oauth/scope.ts'
import { oauthBases } from '../oauth/token-routes.ts'
import { authorizeItem } from './oauth-authorize.ts'
import { oauthTag } from './oauth-text.ts'
import { tokenPaths } from './oauth-token.ts'
import type { Paths, Schema } from './types.ts'

/** A schema of what the metadata says, made of it: whatever is registered is described. */
const metadataSchema = (issuer: string): Schema => {
  const metadata = Object.entries(serverMetadata(issuer))
  const typeOf = (value: unknown): Schema =>
    Array.isArray(value)
      ? { type: 'array', items: { type: 'string' }, examples: [value] }
      : { type: typeof value, examples: [value] }
  return {
    type: 'object',
    required: metadata.map(([name]) => name),
    properties: Object.fromEntries(metadata.map(([name, value]) => [name, typeOf(value)])),
  }
}

/** The authorization server, under both of its spellings (OAuth reference A.0), and its metadata. */
export const oauthPaths = (issuer: string, camelCase: (name: string) => string): Paths => {
  const ofBase = (base: string): Paths => {
    const id = (name: string): string =>
      camelCase(base === oauthBases[0] ? name : `${name}-as-in-hdp`)
    return { [`${base}/authorize`]: authorizeItem(id), ...tokenPaths(base, id) }
  }
  return {
    ...Object.assign({}, ...oauthBases.map(ofBase)),
    '/.well-known/oauth-authorization-server': {
      get: {
        operationId: 'readServerMetadata',
        tags: [oauthTag.name],
        summary: 'Read where the endpoints are, and what they can do',
        description: 'RFC 8414.',
        security: [{}],
        responses: {
          200: {
            description: 'Metadata.',
            content: { 'application/json': { schema: metadataSchema(issuer) } },
          },
        },
      },
    },
  }
}

/** How one may prove who one is, at all of the surfaces. */
export const securitySchemes = (issuer: string) => ({
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'Name and password of a user.',
  },
  bearer: {
    type: 'oauth2',
    description: 'An access token, in the header `Authorization: Bearer`; it opens data alone.',
    flows: {
      authorizationCode: {
        authorizationUrl: `${issuer}/oauth2/authorize`,
        tokenUrl: `${issuer}/oauth2/token`,
        refreshUrl: `${issuer}/oauth2/token`,
        scopes: { [odataScope]: scopeInWords },
      },
      clientCredentials: {
        tokenUrl: `${issuer}/oauth2/token`,
        scopes: { [odataScope]: scopeInWords },
      },
    },
  },
  client: {
    type: 'http',
    scheme: 'basic',
    description:
      'Client id and secret of an application, both form-encoded first (RFC 6749 section 2.3.1). They may stand in the body instead; public applications send the id alone.',
  },
})
