import type { ApiResponse, Paths, Schema, Tag } from './types.ts'

export const serverTag: Tag = { name: 'Server', description: 'The server itself.' }

const healthSchema = (status: string): Schema => ({
  type: 'object',
  required: ['status'],
  properties: { status: { const: status } },
})

const health = (description: string, status: string): ApiResponse => ({
  description,
  content: { 'application/json': { schema: healthSchema(status) } },
})

const probe = (operationId: string, summary: string, mayBeAway: boolean) => ({
  get: {
    operationId,
    tags: [serverTag.name] as const,
    summary,
    security: [{}],
    responses: {
      200: health('Yes.', 'active'),
      ...(mayBeAway ? { 503: health('The database cannot be asked.', 'inactive') } : {}),
    },
  },
})

/** What belongs to the server itself: its probes (management reference 5.9), and this very description. */
export const serverPaths = (): Paths => ({
  '/api/healthcheck': probe('checkHealth', 'Whether the server and its database answer', true),
  '/api/healthcheck/ready': probe('checkReady', 'The same, under a common name', true),
  '/api/healthcheck/live': probe('checkLive', 'Whether the process answers', false),
  '/api/openapi.json': {
    get: {
      operationId: 'readApiDescription',
      tags: [serverTag.name],
      summary: 'Read this description',
      security: [{}],
      responses: {
        200: {
          description: 'An OpenAPI 3.1 document.',
          headers: {
            ETag: { description: 'Of this very text', schema: { type: 'string' } },
          },
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['openapi', 'info', 'paths'],
                properties: {
                  openapi: { type: 'string' },
                  info: { type: 'object' },
                  paths: { type: 'object' },
                },
                additionalProperties: true,
              },
            },
          },
        },
        304: { description: 'It has not changed since (`If-None-Match`).' },
      },
    },
  },
})
