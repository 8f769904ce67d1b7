import type { Connector } from '../connector.ts'
import { createUpstreamConnector, requireSuccess } from './connector.ts'

/** Where Google's APIs answer; tests put another server there. */
export type GoogleApis = { readonly bigQuery: string; readonly analyticsAdmin: string }

export const googleApis: GoogleApis = {
  bigQuery: 'https://bigquery.googleapis.com',
  analyticsAdmin: 'https://analyticsadmin.googleapis.com',
}

/** Google Analytics: with an OAuth profile alone (OAuth reference D.3). */
export const createGoogleAnalytics = ({ analyticsAdmin }: GoogleApis): Connector =>
  createUpstreamConnector({
    id: 54,
    name: 'Google Analytics',
    grants: [],
    test: async (_options, calls) =>
      requireSuccess(
        await calls.get({
          url: () => new URL('/v1beta/accountSummaries?pageSize=1', analyticsAdmin).href,
        }),
        'Google Analytics',
      ),
  })

export const createBigQuery = ({ bigQuery }: GoogleApis): Connector =>
  createUpstreamConnector({
    id: 62,
    name: 'Google BigQuery',
    grants: ['access-token', 'refresh-token'],
    test: async (_options, calls) =>
      requireSuccess(
        await calls.get({
          url: () => new URL('/bigquery/v2/projects?maxResults=1', bigQuery).href,
        }),
        'Google BigQuery',
      ),
  })
