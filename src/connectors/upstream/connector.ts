import type { OutboundAnswer } from '#egress/outbound.ts'
import { UpstreamError } from '#egress/upstream-error.ts'
import type { Connector, OptionDefinition, UpstreamCalls } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import {
  checkDefinitions,
  odataOptions,
  type Options,
  parseODataOptions,
} from '../odata-options.ts'
import { checkOAuthOptions, type DirectGrant, oauthOptions } from './oauth-options.ts'

type Description = {
  readonly id: number
  readonly name: string
  readonly grants: readonly DirectGrant[]
  readonly wantsClient?: boolean
  readonly more?: readonly OptionDefinition[]
  /** Options of `more` with a URL that tokens are sent to. */
  readonly sendsTo?: readonly string[]
  readonly checkMore?: (options: Options, context: Parameters<Connector['checkOptions']>[1]) => void
  readonly test: (options: Options, calls: UpstreamCalls) => Promise<void>
}

/** Refuses an answer that is no success, in words of ours. */
export const requireSuccess = ({ status }: OutboundAnswer, name: string): void => {
  if (status >= 200 && status < 300) return
  if (status >= 500 || status === 429)
    throw new UpstreamError('failing', `${name} cannot answer at the moment.`)
  throw new UpstreamError('refused', `${name} refused the request with status ${status}.`)
}

/**
 * A data store that is reached with OAuth. Its accounts are connected, kept fresh and tried out; reading its data comes with a
 * later release, and until then says so.
 */
export const createUpstreamConnector = (description: Description): Connector => {
  const { id, name, grants, wantsClient = false, more = [], sendsTo = [] } = description
  const options = [...oauthOptions, ...more, ...odataOptions]
  return {
    id,
    name,
    options,
    sendsTo: ['TokenURI', ...sendsTo],
    readable: false,
    checkOptions: (given, context) => {
      checkDefinitions(given, options)
      parseODataOptions(given)
      checkOAuthOptions(given, context, { grants, wantsClient })
      description.checkMore?.(given, context)
    },
    open: () =>
      Promise.reject(
        new ConnectorError(
          'unsupported',
          `Data of ${name} cannot be read yet: this release connects its accounts, and tests them.`,
        ),
      ),
    test: description.test,
  }
}
