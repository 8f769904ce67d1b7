import { type Answer, json, page } from './server.ts'

// What Google answers, word for word where it is documented (data access reference D.1, D.5, D.7).

/** A refusal of the token endpoint. */
export const refuse = (error: string, text: string, status = 400): Answer =>
  json(status, { error, error_description: text })

/** What a browser sees when the fault is not the user's: it is not sent back. */
export const errorPage = (status: number, code: string): Answer =>
  page(status, `<h1>Access blocked</h1><p>Error ${status}: ${code}</p>`)

/** To a token that is none, or no more (data access reference D.6). */
export const unauthenticated: Answer = json(
  401,
  {
    error: {
      code: 401,
      message:
        'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
      status: 'UNAUTHENTICATED',
    },
  },
  { 'www-authenticate': 'Bearer realm="https://accounts.google.com/", error="invalid_token"' },
)

/** By path: the probes of Google BigQuery (D.5) and Google Analytics (D.7). */
export const apiAnswers: Readonly<Record<string, unknown>> = {
  '/bigquery/v2/projects': {
    kind: 'bigquery#projectList',
    projects: [
      {
        id: 'weather',
        projectReference: { projectId: 'weather' },
        friendlyName: 'Weather',
      },
    ],
    totalItems: 1,
  },
  '/v1beta/accountSummaries': {
    accountSummaries: [
      { name: 'accountSummaries/1', account: 'accounts/1', displayName: 'Weather' },
    ],
  },
}
