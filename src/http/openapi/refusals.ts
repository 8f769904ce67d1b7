import { type RefusalRow, refusals } from '#features/refusals.ts'
import { envelope } from '../answer.ts'
import type { ApiExample, ApiResponse, Reference, Schema } from './types.ts'

const names = new Map<RefusalRow, string>(
  Object.entries(refusals).map(([name, row]) => [row, name]),
)

const exampleOf = (row: RefusalRow, asText: boolean): ApiExample => ({
  summary: row.sentence,
  value: envelope(row, row.sentence, { asText }),
  'x-status': row.status,
})

/** Every row of the catalogue as an example; `asText` once more for the APIs that print the code as a string. */
export const refusalExamples = (asText: boolean): Readonly<Record<string, ApiExample>> => {
  const rows: readonly (readonly [string, RefusalRow])[] = Object.entries(refusals)
  return Object.fromEntries([
    ...rows.map(([name, row]) => [name, exampleOf(row, false)] as const),
    ...(asText ? rows.map(([name, row]) => [`${name}AsText`, exampleOf(row, true)] as const) : []),
  ])
}

const errorSchema = (code: Schema): Schema => ({
  type: 'object',
  description: 'The error envelope of HDP.',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code,
        message: {
          type: 'object',
          required: ['lang', 'value'],
          properties: { lang: { const: 'en-US' }, value: { type: 'string' } },
        },
        dependents: {
          type: 'array',
          description: 'What hangs on that which was to be deleted, up to 100.',
          maxItems: 100,
          items: {
            type: 'object',
            required: ['kind', 'id'],
            properties: {
              kind: { type: 'string' },
              id: { type: 'integer' },
              name: { type: 'string' },
            },
          },
        },
      },
    },
  },
})

export const errorSchemas: Readonly<Record<string, Schema>> = {
  Error: errorSchema({ type: 'integer', description: 'A number of the catalogue.' }),
  ErrorWithTextCode: errorSchema({
    type: 'string',
    description: 'A number of the catalogue, as a string.',
  }),
}

/** Headers that come with a status, whoever refuses. */
export const headersOf = (status: number): Pick<ApiResponse, 'headers'> => {
  if (status === 401)
    return {
      headers: {
        'WWW-Authenticate': { description: 'RFC 9110 section 11.6.1', schema: { type: 'string' } },
      },
    }
  if (status === 429 || status === 503)
    return {
      headers: {
        'Retry-After': { description: 'Seconds', schema: { type: 'string', pattern: '^[0-9]+$' } },
      },
    }
  return {}
}

/** Rows as responses, one for each status; the sentences are its description, the rows its examples. */
export const refusalResponses = (
  rows: readonly RefusalRow[],
  asText: boolean,
): Readonly<Record<string, ApiResponse>> => {
  const byStatus = Map.groupBy(new Set(rows), ({ status }) => status)
  const responses = [...byStatus].map(([status, group]): readonly [string, ApiResponse] => {
    const examples = group.flatMap((row): readonly (readonly [string, Reference])[] => {
      const name = names.get(row)
      if (name === undefined) return []
      const key = asText ? `${name}AsText` : name
      return [[key, { $ref: `#/components/examples/${key}` }]]
    })
    const schema = { $ref: `#/components/schemas/${asText ? 'ErrorWithTextCode' : 'Error'}` }
    return [
      String(status),
      {
        description: [...new Set(group.map(({ sentence }) => sentence))].join(' '),
        ...headersOf(status),
        content: { 'application/json': { schema, examples: Object.fromEntries(examples) } },
      },
    ]
  })
  return Object.fromEntries(responses)
}
