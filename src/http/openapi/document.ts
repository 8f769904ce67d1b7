import type { Endpoint } from '#features/endpoint.ts'
import { inOrder, nounOf } from './nouns.ts'
import { oauthPaths, securitySchemes } from './oauth.ts'
import { oauthTag } from './oauth-text.ts'
import { oauthErrorSchema } from './oauth-token.ts'
import { odataErrorSchema, odataPaths, odataTag } from './odata.ts'
import { explanationSchema } from './odata-explanation.ts'
import { camelCase, operationOf, templateOf } from './operation.ts'
import { errorSchemas, refusalExamples } from './refusals.ts'
import { serverPaths, serverTag } from './server.ts'
import { type DescribedStore, withStoreOptions } from './store-options.ts'
import type { ApiDocument, Paths } from './types.ts'

const description = [
  [
    'Everything that this server answers, but for its pages.',
    'Endpoints below `/api/mgmt` and `/api/admin` take the name and password of a user (HTTP Basic), and JSON;',
    'names of query parameters are taken in any case. Data takes an access token as well.',
  ],
  [
    'An operation lists the refusals that follow from its form. What its rules refuse besides (a name that is taken, something that',
    'is still in use) is answered in the same envelope, with a number of the catalogue (`components.examples`).',
    'Every answer has the header `X-Request-Id`; the log of the server has more under it.',
  ],
]
  .map((sentences) => sentences.join(' '))
  .join('\n\n')

const endpointPaths = (endpoints: readonly Endpoint<never>[]): Paths => {
  const paths: Record<string, Paths[string]> = {}
  for (const endpoint of endpoints) {
    const path = templateOf(endpoint.path)
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operationOf(endpoint) }
  }
  return paths
}

/** What the package says of itself. */
export type About = {
  readonly version: string
  readonly description: string
  readonly license: string
}

/**
 * The API as an OpenAPI 3.1 document: the endpoints as they describe themselves, and beside them what is a protocol of its own
 * (OAuth 2.0, OData, probes). It says nothing of anybody's data. `publicUrl` has no slash at its end; `stores` say which options
 * their data sources have.
 */
export const describeApi = (
  endpoints: readonly Endpoint<never>[],
  publicUrl: string,
  about: About,
  stores: readonly DescribedStore[] = [],
): ApiDocument => ({
  openapi: '3.1.0',
  info: {
    title: 'Headgate',
    version: about.version,
    summary: about.description,
    description,
    license: { name: about.license, identifier: about.license },
  },
  servers: [{ url: publicUrl }],
  tags: [...inOrder(endpoints.map(({ path }) => nounOf(path))), oauthTag, odataTag, serverTag],
  paths: {
    ...withStoreOptions(endpointPaths(endpoints), stores),
    ...oauthPaths(publicUrl, camelCase),
    ...odataPaths(),
    ...serverPaths(),
  },
  components: {
    schemas: {
      ...errorSchemas,
      OAuthError: oauthErrorSchema,
      ODataError: odataErrorSchema,
      ODataExplanation: explanationSchema,
    },
    examples: refusalExamples(endpoints.some(({ codeAsText }) => codeAsText === true)),
    securitySchemes: securitySchemes(publicUrl),
  },
})
