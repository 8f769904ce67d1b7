import type { ApiResponse, Operation } from './types.ts'

/** `POST …/$query`: a read like the given one, with its options in the body (OData 4.01 URL 5). */
export const describeQuery = (
  read: Operation,
  refused: { readonly 413: ApiResponse; readonly 415: ApiResponse },
): Operation => {
  const { 304: _none, ...responses } = read.responses
  return {
    ...read,
    operationId: 'queryEntities',
    summary: 'Read rows of an entity set by a query that is too long for a URL',
    description:
      'Reads and nothing more: the answer is that of GET, with the options of the body behind those of the URL.',
    parameters: (read.parameters ?? []).filter(({ in: place, name }) =>
      place === 'header' ? name !== 'If-None-Match' : place === 'path',
    ),
    requestBody: {
      required: true,
      content: {
        'text/plain': {
          schema: {
            type: 'string',
            maxLength: 32_768,
            description: 'Options as they would stand in a URL, percent-encoded',
            examples: ['$top=5'],
          },
        },
      },
    },
    responses: { ...responses, ...refused },
  }
}
