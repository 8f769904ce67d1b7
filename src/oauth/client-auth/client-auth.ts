import type { Parameters } from '../parameters.ts'

/** What a request says of its client, before anything is believed. */
export type PresentedClient = { readonly clientId: string; readonly secret: string | undefined }

export type ClientAuthInput = {
  readonly parameters: Parameters
  /** The Authorization header, undefined when there is none. */
  readonly authorization: string | undefined
}

/** A way for a client to say who it is (RFC 6749 section 2.3). To add one: a file and a line in `index.ts`. */
export type ClientAuthMethod = {
  /** As in RFC 7591 section 2, `token_endpoint_auth_method`. */
  readonly name: string
  /** What was presented this way, or undefined when the request does not use it. Throws `OAuthError`. */
  readonly read: (input: ClientAuthInput) => PresentedClient | undefined
}
