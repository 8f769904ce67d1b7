import type { Connector } from '../connector.ts'
import { createBigQuery, createGoogleAnalytics, type GoogleApis } from './google.ts'
import { rest } from './rest.ts'
import { salesforce } from './salesforce.ts'

export { type GoogleApis, googleApis } from './google.ts'

/** The data stores that are reached with OAuth: one line each. */
export const createUpstreamConnectors = (google: GoogleApis): readonly Connector[] => [
  salesforce,
  createGoogleAnalytics(google),
  createBigQuery(google),
  rest,
]
