import type { ServerResponse } from 'node:http'

/** As long as the answer of the token endpoint. */
const token = JSON.stringify({
  access_token: `hg_at_${'x'.repeat(49)}`,
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: `hg_rt_${'x'.repeat(49)}`,
  scope: 'api.access.odata',
})

/** A whole answer, with no more headers than a client needs. */
export const answerJson = (response: ServerResponse, body: string): void => {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(body)
}

/** The fixed answer of a token endpoint. */
export const answerToken = (response: ServerResponse): void => answerJson(response, token)
