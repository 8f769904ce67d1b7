import type { TSchema } from 'typebox'
import { permission, permissions } from '#features/access/permissions.ts'
import type { Endpoint } from '#features/endpoint.ts'
import { type RefusalRow, refusals } from '#features/refusals.ts'
import { nounOf } from './nouns.ts'
import { refusalResponses } from './refusals.ts'
import type { ApiParameter, ApiPermission, ApiResponse, Operation, Schema } from './types.ts'

/** `read-data-source` is `readDataSource`. */
export const camelCase = (name: string): string =>
  name.replace(/-([a-z0-9])/g, (_dash, letter: string) => letter.toUpperCase())

/** `/users/:id` is `/users/{id}`. */
export const templateOf = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}')

/** A TypeBox schema is JSON Schema, with symbols and hidden members that JSON leaves behind. */
const plainSchema = (schema: TSchema): Schema => JSON.parse(JSON.stringify(schema)) as Schema

const permissionsOf = (ids: readonly number[]): readonly ApiPermission[] =>
  permissions.filter(({ id }) => ids.includes(id)).map(({ id, name }) => ({ id, name }))

const inWords = (needed: readonly ApiPermission[]): string => {
  if (needed.length === 0) return 'Any active user may do this.'
  const words = needed.map(({ id, name }) => `${name} (${id})`).join(' and ')
  const isAdministrator = needed.some(({ id }) => id === 12)
  return `Needs the ${needed.length === 1 ? 'permission' : 'permissions'} ${words}${isAdministrator ? '' : '; Administrator (12) is enough for everything'}.`
}

/** Where the permissions count (management reference 1.3, rule 4; OAuth reference C.1). */
const placeInWords = ({ path, permissions: needed }: Endpoint<never>): string | false => {
  if (needed.includes(permission.oauth))
    return 'They count in your own tenant and, from the system tenant, in those that you administer.'
  const ofTenants = permissions.some(
    ({ id, category }) => needed.includes(id) && category === 'tenant',
  )
  const counts =
    ofTenants || needed.includes(permission.tenantApi) || /limits\/.*:id\/:other/.test(path)
  return counts && 'It counts in tenants on which you have administrative access.'
}

const describe = (endpoint: Endpoint<never>): string =>
  [
    inWords(permissionsOf(endpoint.permissions)),
    placeInWords(endpoint),
    endpoint.onlyTheseParameters === true && 'Any other parameter is refused.',
    endpoint.audit !== undefined && `The audit log calls it \`${endpoint.audit}\`.`,
  ]
    .filter((sentence) => sentence !== false)
    .join(' ')

const idSchema = { type: 'integer', minimum: 1, maximum: 999_999_999_999_999 } as const

/** The parameters of a path; what each of them names is the word before it. */
const pathParameters = (path: string): readonly ApiParameter[] => {
  const segments = path.split('/')
  return segments.flatMap((segment, i): readonly ApiParameter[] => {
    if (!segment.startsWith(':')) return []
    const name = segment.slice(1)
    const before = segments[i - 1] ?? ''
    return [
      name === 'name'
        ? {
            name,
            in: 'path',
            required: true,
            description: `The text that follows \`${before}\``,
            schema: { type: 'string', minLength: 1 },
          }
        : {
            name,
            in: 'path',
            required: true,
            // Two ids in a row: the second is the limit that is set on the first.
            description: before.startsWith(':')
              ? 'The id of the limit'
              : `The id that follows \`${before}\``,
            schema: idSchema,
          },
    ]
  })
}

const queryParameters = (endpoint: Endpoint<never>): readonly ApiParameter[] => [
  ...Object.entries(endpoint.query ?? {}).map(
    ([name, { summary, schema }]): ApiParameter => ({
      name,
      in: 'query',
      description: summary,
      schema: plainSchema(schema),
    }),
  ),
  ...(endpoint.onBehalf === true
    ? [
        {
          name: 'user',
          in: 'query',
          description:
            'The name of the user for whom it is done. Needs Administrator (12), or MgmtAPI (11), OnBehalfOf (21) and administrative access to the tenant of that user.',
          schema: { type: 'string' },
        } as const,
      ]
    : []),
]

const hasTenantFilter = ({ query = {} }: Endpoint<never>): boolean =>
  'tenantId' in query || 'tenantName' in query

/** The refusals that follow from the form of an endpoint; what its service refuses besides is in the catalogue. */
const rowsOf = (endpoint: Endpoint<never>): readonly RefusalRow[] => {
  const { method, path, body, query } = endpoint
  const acts = endpoint.onBehalf === true
  const filters = hasTenantFilter(endpoint)
  const reads = body !== undefined || query !== undefined || endpoint.onlyTheseParameters === true
  const writes = method !== 'GET'
  const judges = endpoint.permissions.length > 0 || acts || filters
  return [
    ...(reads ? [endpoint.invalid] : []),
    refusals.invalidInput,
    ...(acts && filters ? [] : [refusals.actingForOthers]),
    refusals.badCredentials,
    ...(judges ? [refusals.forbidden] : []),
    ...(writes ? [refusals.crossSite, refusals.bodyTooLarge, refusals.unsupportedMediaType] : []),
    ...(path.includes(':') ? [endpoint.unknownId] : []),
    ...(acts ? [refusals.userNotFound] : []),
    endpoint.failed,
    refusals.unavailable,
  ]
}

const successText = { 200: 'Done.', 201: 'Created.', 204: 'Done; there is no body.' } as const

const contentOf = (endpoint: Endpoint<never>): Pick<ApiResponse, 'content'> =>
  endpoint.download !== undefined
    ? { content: { 'text/plain': { schema: { type: 'string' } } } }
    : endpoint.answer === undefined || endpoint.success === 204
      ? {}
      : { content: { 'application/json': { schema: plainSchema(endpoint.answer) } } }

const successResponse = (endpoint: Endpoint<never>): ApiResponse => ({
  description: successText[endpoint.success],
  ...(endpoint.location === undefined
    ? {}
    : {
        headers: {
          Location: {
            description: 'The path of what was created',
            schema: { type: 'string' },
          },
        },
      }),
  ...contentOf(endpoint),
})

/** What the API description says of an endpoint: all of it is made of the endpoint's own data. */
export const operationOf = (endpoint: Endpoint<never>): Operation => {
  const parameters = [...pathParameters(endpoint.path), ...queryParameters(endpoint)]
  return {
    operationId: camelCase(endpoint.name),
    tags: [nounOf(endpoint.path).name],
    summary: endpoint.summary,
    description: describe(endpoint),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(endpoint.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: plainSchema(endpoint.body) } },
          },
        }),
    responses: {
      [endpoint.success]: successResponse(endpoint),
      ...(endpoint.replaced === undefined
        ? {}
        : { 200: { description: 'It was set already.', ...contentOf(endpoint) } }),
      ...refusalResponses(rowsOf(endpoint), endpoint.codeAsText === true),
    },
    security: [{ basic: [] }],
    'x-permissions': permissionsOf(endpoint.permissions),
  }
}
