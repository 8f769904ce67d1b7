import { odataScope } from '#oauth/scope.ts'
import { describeBatch } from './odata-batch.ts'
import { explanation } from './odata-explanation.ts'
import {
  continueOnError,
  dataSource,
  entitySet,
  headers,
  key,
  optionNames,
  prefer,
  query,
  timeZone,
} from './odata-parameters.ts'
import { describeQuery } from './odata-query.ts'
import { headersOf } from './refusals.ts'
import type { ApiParameter, ApiResponse, Media, Operation, Paths, Schema, Tag } from './types.ts'

export const odataTag: Tag = {
  name: 'Data',
  description:
    'Data sources as OData V4 services, to read. `$metadata` of a data source says which entity sets and properties it has.',
}

/** JSON Format 4.01 section 21.1. */
export const odataErrorSchema: Schema = {
  type: 'object',
  description: 'OData JSON Format 4.01 section 21.1',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'target', 'details'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        target: { type: ['string', 'null'], description: 'The part of the request at fault' },
        details: { type: 'array', items: { type: 'object' } },
      },
    },
  },
}

const versionHeader = {
  'OData-Version': {
    description: 'The version that the answer speaks',
    schema: { type: 'string', enum: ['4.0', '4.01'] },
  },
} as const

const refusal = (status: number, description: string): ApiResponse => ({
  description,
  headers: { ...versionHeader, ...headersOf(status).headers },
  content: { 'application/json': { schema: { $ref: '#/components/schemas/ODataError' } } },
})

const refused: Readonly<Record<string, ApiResponse>> = {
  400: refusal(400, 'The path, an option or a header is wrong; the message says where.'),
  401: refusal(401, 'No credentials, wrong ones, or a token that is unknown, expired or revoked.'),
  403: refusal(403, 'You lack the permission UseDataSourceWithOData (7).'),
  404: refusal(404, 'There is no such data source within your reach, or no such resource in it.'),
  406: refusal(406, 'What Accept or $format want is not offered.'),
  414: refusal(414, 'The URL is longer than 32,768 characters.'),
  500: refusal(500, 'The server failed, or a value cannot be shown.'),
  501: refusal(501, 'A part of OData that is not offered here. It is never ignored.'),
  502: refusal(502, 'The data store refused the query.'),
  429: refusal(429, 'Too many requests of the user wait already (limits 24 and 25). Try again.'),
  503: refusal(503, 'The data store or the server is busy or away. Try again.'),
  504: refusal(504, 'The data store took too long.'),
}

const etag = {
  ETag: { description: 'Of an answer that is not streamed', schema: { type: 'string' } },
} as const

const notModified: ApiResponse = {
  description: 'What the client has is what it would get.',
  headers: { ...versionHeader, ...etag },
}

const context = { type: 'string', description: 'Absent with `odata.metadata=none`' } as const

const serviceSchema: Schema = {
  type: 'object',
  required: ['value'],
  properties: {
    '@odata.context': context,
    value: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'kind', 'url'],
        properties: {
          name: { type: 'string' },
          kind: { const: 'EntitySet' },
          url: { type: 'string' },
        },
      },
    },
  },
}

const collectionSchema: Schema = {
  type: 'object',
  required: ['value'],
  properties: {
    '@odata.context': context,
    '@odata.count': {
      type: ['integer', 'string'],
      description: 'With `$count=true`; a text with `IEEE754Compatible=true`',
    },
    value: {
      type: 'array',
      description: 'Rows; `$metadata` has their properties',
      items: { type: 'object' },
    },
    '@odata.nextLink': { type: 'string', description: 'The next page, where there is one' },
  },
}

const entitySchema: Schema = {
  type: 'object',
  description: 'A row; `$metadata` has its properties',
  properties: { '@odata.context': context },
  additionalProperties: true,
}

type Described = {
  readonly id: string
  readonly summary: string
  readonly description?: string
  readonly parameters: readonly ApiParameter[]
  readonly type: string
  readonly schema: Schema
  readonly also?: Readonly<Record<string, Media>>
  readonly more?: Readonly<Record<string, ApiResponse>>
}

const read = (described: Described) => {
  const { id, summary, description, parameters, type, schema, also, more } = described
  return {
    get: {
      operationId: id,
      tags: [odataTag.name],
      summary,
      ...(description === undefined ? {} : { description }),
      parameters: [...parameters, ...headers],
      responses: {
        200: {
          description: 'Done.',
          headers: versionHeader,
          content: { [type]: { schema }, ...also },
        },
        304: notModified,
        ...refused,
        ...more,
      },
      security: [{ bearer: [odataScope] }, { basic: [] }],
      'x-permissions': [{ id: 7, name: 'UseDataSourceWithOData' }],
    } satisfies Operation,
  }
}

const batch = (): Operation =>
  describeBatch(
    {
      tags: [odataTag.name],
      parameters: [dataSource, ...headers.slice(0, 2), continueOnError],
      responses: {
        400: refusal(400, 'It is no batch; what is wrong with one request is told in its place.'),
        401: refused['401'] as ApiResponse,
        403: refused['403'] as ApiResponse,
        404: refusal(404, 'There is no such data source within your reach.'),
        413: refusal(413, 'The batch is longer than 1 MB.'),
        415: refusal(415, 'A batch is multipart/mixed, or application/json.'),
        429: refused['429'] as ApiResponse,
        503: refusal(503, 'The server is busy. Try again.'),
      },
      security: [{ bearer: [odataScope] }, { basic: [] }],
    },
    versionHeader,
  )

const root = '/api/odata4/{dataSource}'

const listEntities = read({
  id: 'listEntities',
  summary: 'Read rows of an entity set, a page at a time or all of them',
  description:
    'Names of options are taken in any case, and without the dollar as well. CSV and NDJSON are the whole result, without pages.',
  parameters: [dataSource, entitySet, ...query(optionNames), ...timeZone, prefer],
  type: 'application/json',
  schema: { anyOf: [collectionSchema, explanation] },
  also: {
    'text/csv': { schema: { type: 'string', description: 'RFC 4180, with a header' } },
    'application/x-ndjson': { schema: { type: 'string', description: 'A row as JSON a line' } },
  },
  more: { 410: refusal(410, 'This next link cannot be continued; repeat the query.') },
})

/** OData's own addresses; whatever is written is refused. */
export const odataPaths = (): Paths => ({
  [root]: read({
    id: 'readServiceDocument',
    summary: 'List the entity sets of a data source',
    description: 'The service root may end in a slash.',
    parameters: [dataSource, ...query(['format'])],
    type: 'application/json',
    schema: serviceSchema,
  }),
  [`${root}/$metadata`]: read({
    id: 'readMetadata',
    summary: 'Read the model of a data source',
    parameters: [dataSource, ...query(['format'])],
    description: 'XML, and JSON (CSDL JSON 4.01) for who accepts nothing else.',
    type: 'application/xml',
    schema: { type: 'string' },
    also: { 'application/json': { schema: { type: 'object' } } },
  }),
  [`${root}/$batch`]: { post: batch() },
  [`${root}/{entitySet}`]: listEntities,
  [`${root}/{entitySet}/$query`]: {
    post: describeQuery(listEntities.get, {
      413: refusal(413, 'The body is longer than 32,768 bytes.'),
      415: refusal(415, 'The body is not text/plain.'),
    }),
  },
  [`${root}/{entitySet}/$count`]: read({
    id: 'countEntities',
    summary: 'Count the rows of an entity set',
    description: '`$top`, `$skip` and `$orderby` change nothing.',
    parameters: [dataSource, entitySet, ...query(['filter', 'explain']), ...timeZone],
    type: 'text/plain',
    schema: { type: 'string', pattern: '^[0-9]+$' },
    also: { 'application/json': { schema: explanation } },
  }),
  [`${root}/{entitySet}({key})`]: read({
    id: 'readEntity',
    summary: 'Read one row by its key',
    parameters: [
      dataSource,
      entitySet,
      key,
      ...query(['select', 'format', 'explain']),
      ...timeZone,
    ],
    type: 'application/json',
    schema: { anyOf: [entitySchema, explanation] },
  }),
})
