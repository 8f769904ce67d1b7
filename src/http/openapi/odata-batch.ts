import type { Operation, Schema } from './types.ts'

/** JSON Format 4.01 section 19.1. */
const batchSchema: Schema = {
  type: 'object',
  required: ['requests'],
  properties: {
    requests: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        required: ['id', 'method', 'url'],
        properties: {
          id: { type: 'string', minLength: 1, maxLength: 128, examples: ['1'] },
          method: { type: 'string', enum: ['GET', 'HEAD'], examples: ['GET'] },
          url: {
            type: 'string',
            description: 'Relative to the service root, an absolute path, or a whole URL',
            examples: ['Airports?$top=1'],
          },
          headers: { type: 'object', additionalProperties: { type: 'string' } },
          dependsOn: { type: 'array', items: { type: 'string' } },
        },
      },
    },
  },
}

/** JSON Format 4.01 section 19.2. */
const answerSchema: Schema = {
  type: 'object',
  required: ['responses'],
  properties: {
    responses: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'status', 'headers'],
        properties: {
          id: { type: 'string' },
          status: { type: 'integer' },
          headers: { type: 'object', additionalProperties: { type: 'string' } },
          body: { description: 'JSON as it is, a text, or bytes in base64url' },
        },
      },
    },
  },
}

const multipart: Schema = {
  type: 'string',
  description: 'Parts of type application/http (OData 4.01 Protocol 11.7.2)',
}

type Shared = Pick<Operation, 'tags' | 'parameters' | 'responses' | 'security'>

/** `POST …/$batch`: reads of one data source in one request. */
export const describeBatch = (
  shared: Shared,
  headers: NonNullable<Operation['responses'][string]['headers']>,
): Operation => ({
  ...shared,
  operationId: 'readBatch',
  summary: 'Send several reads in one request',
  description:
    'At most 100 requests and 1 MB, answered one after another. The first refusal ends it, unless `Prefer: continue-on-error` is sent. The answer has the format of the request.',
  requestBody: {
    required: true,
    content: {
      'application/json': { schema: batchSchema },
      'multipart/mixed': { schema: multipart },
    },
  },
  responses: {
    ...shared.responses,
    200: {
      description: 'An answer for each request, whatever became of it.',
      headers,
      content: {
        'application/json': { schema: answerSchema },
        'multipart/mixed': { schema: multipart },
      },
    },
  },
  'x-permissions': [{ id: 7, name: 'UseDataSourceWithOData' }],
})
