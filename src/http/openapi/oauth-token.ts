import { grantTypes } from '#oauth/model.ts'
import { odataScope } from '#oauth/scope.ts'
import { oauthTag, text } from './oauth-text.ts'
import { headersOf } from './refusals.ts'
import type { ApiResponse, Media, Operation, Paths, Schema, Security } from './types.ts'

/** RFC 6749 section 5.2. */
export const oauthErrorSchema: Schema = {
  type: 'object',
  description: 'RFC 6749 section 5.2',
  required: ['error', 'error_description'],
  properties: {
    error: { type: 'string', description: 'A word of the RFC, such as `invalid_grant`' },
    error_description: { type: 'string', description: 'What is wrong, and what to change' },
  },
}

/** RFC 6749 section 2.3.1, and HDP's own spelling of both fields (OAuth reference A.9). */
const clientFields: Readonly<Record<string, Schema>> = {
  client_id: text('Who asks, where no Authorization header says it; also spelled `clientId`'),
  client_secret: text('Its secret, likewise; also spelled `clientSecret`', { format: 'password' }),
}

const form = (
  required: readonly string[],
  properties: Readonly<Record<string, Schema>>,
  more: Schema = {},
) => {
  const media: Media = {
    schema: { type: 'object', required, properties: { ...properties, ...clientFields }, ...more },
  }
  return {
    required: true,
    content: { 'application/x-www-form-urlencoded': media, 'application/json': media },
  }
}

const refusal = (status: number, description: string): ApiResponse => ({
  description,
  ...headersOf(status),
  content: { 'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } } },
})

const refused: Readonly<Record<string, ApiResponse>> = {
  400: refusal(
    400,
    'The request, the grant or the client is refused; `error` says which. A client that named itself in the body gets 400 also where its secret is wrong.',
  ),
  401: refusal(401, 'The client of the Authorization header is unknown, or its secret is wrong.'),
  413: refusal(413, 'The body is larger than 64 KB.'),
  415: refusal(415, 'The body is neither a form nor JSON.'),
  500: refusal(500, 'Something went wrong on the server.'),
  503: refusal(503, 'The server cannot do this right now. Try again.'),
}

const answers = (description: string, schema: Schema): Readonly<Record<string, ApiResponse>> => ({
  200: { description, content: { 'application/json': { schema } } },
  ...refused,
})

/** Of the token endpoint: what each grant takes. */
const tokenFields: Readonly<Record<string, Schema>> = {
  grant_type: text('What is traded for tokens', { enum: [...grantTypes] }),
  code: text('For `authorization_code`: what came back with the browser'),
  redirect_uri: text('For `authorization_code`: the one of the authorization request', {
    format: 'uri',
    examples: ['https://client.example/callback'],
  }),
  code_verifier: text('For `authorization_code`, where a challenge was sent (RFC 7636)', {
    pattern: '^[A-Za-z0-9._~-]{43,128}$',
    examples: ['dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'],
  }),
  refresh_token: text('For `refresh_token`'),
  username: text('For `password`'),
  password: text('For `password`', { format: 'password' }),
  scope: text('The one scope there is; absent means the same', { default: odataScope }),
}

/** Challenge and verifier are those of RFC 7636 appendix B. */
const tokenExample = {
  grant_type: 'authorization_code',
  code: 'hg_ac_…',
  redirect_uri: 'https://client.example/callback',
  code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
}

const tokenAnswer: Schema = {
  type: 'object',
  required: ['access_token', 'token_type', 'expires_in', 'scope'],
  properties: {
    access_token: { type: 'string', description: 'Opaque; begins with `hg_at_`' },
    token_type: { const: 'bearer' },
    expires_in: { type: 'integer', minimum: 0, description: 'Seconds' },
    refresh_token: {
      type: 'string',
      description: 'Opaque; begins with `hg_rt_`; absent where there is none',
    },
    scope: { type: 'string' },
  },
}

/** RFC 7662 section 2.2. */
const introspectionAnswer: Schema = {
  type: 'object',
  required: ['active'],
  properties: {
    active: { type: 'boolean', description: 'Where it is false, nothing else is said' },
    scope: { type: 'string' },
    client_id: { type: 'string' },
    username: { type: 'string' },
    token_type: { const: 'bearer', description: 'Of access tokens' },
    exp: { type: 'integer', description: 'Seconds since 1970' },
    iat: { type: 'integer', description: 'Seconds since 1970' },
    sub: { type: 'string', description: 'The id of the user' },
    iss: { type: 'string', description: 'This server' },
  },
}

/** Client credentials in the header, or in the body. */
const clientSecurity: readonly Security[] = [{ client: [] }, {}]

const token = text('The token')
const hint = text('Is not needed, and ignored')

/** Token, revocation and introspection below a base; `id` gives operations their names. */
export const tokenPaths = (base: string, id: (name: string) => string): Paths => {
  const common = { tags: [oauthTag.name], security: clientSecurity } as const
  const posts: Readonly<Record<string, Operation>> = {
    token: {
      ...common,
      operationId: id('request-token'),
      summary: 'Trade a grant for tokens',
      description:
        'RFC 6749 section 3.2. A field without a value counts as left out; none may be sent twice, or in the URL, or be longer than 4096 characters.',
      requestBody: form(['grant_type'], tokenFields, { examples: [tokenExample] }),
      responses: answers('Tokens.', tokenAnswer),
    },
    revoke: {
      ...common,
      operationId: id('revoke-token'),
      summary: 'End an authorization, by one of its tokens',
      description: 'RFC 7009. The answer is the same where there is no such token.',
      requestBody: form(['token'], { token, token_type_hint: hint }),
      responses: answers('Done; the object is empty.', { type: 'object' }),
    },
    introspect: {
      ...common,
      operationId: id('introspect-token'),
      summary: 'Ask whether a token works',
      description: 'RFC 7662, for the confidential application that the token was issued to.',
      requestBody: form(['token'], { token, token_type_hint: hint }),
      responses: answers('What there is to say of it.', introspectionAnswer),
    },
  }
  return Object.fromEntries(
    Object.entries(posts).map(([path, post]) => [`${base}/${path}`, { post }]),
  )
}
