import { odataScope, scopeInWords } from '#oauth/scope.ts'
import { oauthTag, text } from './oauth-text.ts'
import { headersOf } from './refusals.ts'
import type { ApiParameter, ApiResponse, PathItem, Schema } from './types.ts'

/** RFC 6749 section 4.1.1, RFC 7636 section 4.3. */
const authorizeFields: Readonly<Record<string, Schema>> = {
  response_type: text('Always `code`', { const: 'code' }),
  client_id: text('The application'),
  redirect_uri: text('Where the browser goes with the code; byte for byte as it is registered', {
    format: 'uri',
    examples: ['https://client.example/callback'],
  }),
  scope: text(scopeInWords, { default: odataScope }),
  state: text('Comes back as it is'),
  code_challenge: text('SHA-256 of the verifier; public applications must send it', {
    pattern: '^[A-Za-z0-9_-]{43}$',
    examples: ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
  }),
  code_challenge_method: text('Always `S256`, beside `code_challenge`', { const: 'S256' }),
}
const authorizeRequired = ['response_type', 'client_id', 'redirect_uri']

const authorizeResponses: Readonly<Record<string, ApiResponse>> = {
  303: {
    description:
      'To the pages of sign-in and consent, or back to the application with `error`, `state` and `iss`. After consent the browser comes back with `code`, `state` and `iss` (RFC 9207).',
    headers: { Location: { description: 'Where to', schema: { type: 'string' } } },
  },
  400: {
    description: 'Application or redirect_uri are not known to be good: a page, and no redirect.',
    content: { 'text/html': { schema: { type: 'string' } } },
  },
  503: {
    description: 'The server cannot do this right now: a page.',
    ...headersOf(503),
    content: { 'text/html': { schema: { type: 'string' } } },
  },
}

/** The authorization endpoint, by GET and by POST; `id` gives operations their names. */
export const authorizeItem = (id: (name: string) => string): PathItem => {
  const common = { tags: [oauthTag.name], security: [{}], responses: authorizeResponses } as const
  return {
    get: {
      ...common,
      operationId: id('authorize'),
      summary: 'Begin an authorization: the browser of the user is sent here',
      description: 'RFC 6749 section 4.1.1. Nothing may be sent twice.',
      parameters: Object.entries(authorizeFields).map(
        ([name, { description, examples, ...schema }]): ApiParameter => ({
          name,
          in: 'query',
          description: String(description),
          ...(authorizeRequired.includes(name) ? { required: true } : {}),
          schema: examples === undefined ? schema : { ...schema, examples },
        }),
      ),
    },
    post: {
      ...common,
      operationId: id('authorize-by-post'),
      summary: 'Begin an authorization with a form',
      description: 'RFC 6749 section 3.1. The form may be parted between query and body.',
      requestBody: {
        required: false,
        content: {
          'application/x-www-form-urlencoded': {
            schema: {
              type: 'object',
              required: authorizeRequired,
              properties: authorizeFields,
            },
          },
        },
      },
    },
  }
}
