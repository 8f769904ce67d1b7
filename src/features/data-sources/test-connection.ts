import type { Connector, ConnectorContext, UpstreamCalls } from '#connectors/connector.ts'
import { ConnectorError } from '#connectors/errors.ts'
import { UpstreamError } from '#egress/upstream-error.ts'
import { Unavailable } from '#lib/refusal.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { toUpstreamRefusal } from '../upstream-tokens/refusal.ts'
import type { Options } from './options.ts'

/** Seconds, where a data store that is busy or away does not say when to come back. */
const usualWait = 5

const toRefusal = (error: unknown): unknown => {
  if (error instanceof UpstreamError) return toUpstreamRefusal(error)
  if (!(error instanceof ConnectorError)) return error
  const detail = error.detail === undefined ? {} : { detail: error.detail }
  return error.kind === 'rejected' || error.kind === 'unsupported'
    ? new ManagementError(refusals.cannotConnect, error.message, detail)
    : new Unavailable(error.message, usualWait, detail)
}

const openAndDescribe = async (
  connector: Connector,
  options: Options,
  context: ConnectorContext,
): Promise<void> => {
  const opened = await connector.open(options, context)
  try {
    await opened.describe()
  } finally {
    await opened.close()
  }
}

/**
 * Tries whether a data source of these options can be connected to (management reference 4.4). Throws the refusal that says why not: 222207003, *reconnect
 * needed*, 502 for an upstream that is at fault, 503 for what may pass.
 */
export const testConnection = async (
  connector: Connector,
  options: Options,
  { context, calls }: { readonly context: ConnectorContext; readonly calls: UpstreamCalls },
): Promise<void> => {
  try {
    if (connector.test === undefined) await openAndDescribe(connector, options, context)
    else await connector.test(options, calls)
  } catch (error) {
    throw toRefusal(error)
  }
}
