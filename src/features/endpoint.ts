import type { Static, TSchema } from 'typebox'
import type { Caller } from './access/caller.ts'
import type { Parameters, ParameterValues } from './parameters.ts'
import type { RefusalRow } from './refusals.ts'

/** What an endpoint is handed: parsed, checked, typed. */
export type EndpointInput<Body, Query extends Parameters = Parameters> = {
  /** The numeric id of the path; 0 where the path has none. */
  readonly id: number
  /** The second and the third one, likewise. */
  readonly other: number
  readonly third: number
  /** The text that stands for `:name` in the path; empty where the path has none. */
  readonly name: string
  readonly body: Body
  readonly query: ParameterValues<Query>
  /** For whom it is done: the user that `?user=` names, else the caller. */
  readonly subject: Caller
}

/**
 * An endpoint as data: `http/` mounts it, tests iterate over it, the API description is made of it.
 * `handle` knows nothing of HTTP; it returns the answer or throws a refusal.
 */
export type Endpoint<Deps> = {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `:id`, `:other` and `:third` stand for positive integers, `:name` for text. */
  readonly path: string
  readonly summary: string
  /** All of them are needed; none means any active user. */
  readonly permissions: readonly number[]
  /** What the audit log calls it; reads have none. */
  readonly audit?: string
  readonly success: 200 | 201 | 204
  readonly body?: TSchema
  readonly answer?: TSchema
  /** The parameters of the query string; others are ignored, but for those of `meaningful` (parameters.ts). */
  readonly query?: Parameters
  /** Any other parameter is refused: where leaving one out by a slip would do harm. */
  readonly onlyTheseParameters?: true
  /** The one thing that a password opens that must be changed (management reference 2.3). */
  readonly changesPassword?: true
  /** Takes `?user=` (management reference 6). */
  readonly onBehalf?: true
  /** HDP prints the error code of this API as a string (OAuth reference E.2). */
  readonly codeAsText?: true
  /** The row for a body that does not fit, for an id (or other) that is none, and for our own failure. */
  readonly invalid: RefusalRow
  readonly unknownId: RefusalRow
  readonly failed: RefusalRow
  readonly handle: (deps: Deps, caller: Caller, input: EndpointInput<unknown>) => Promise<unknown>
  /** The answer is a text to be kept as a file of this name. */
  readonly download?: (input: EndpointInput<unknown>) => string
  /** Where a created object lives. */
  readonly location?: (answer: unknown, input: EndpointInput<unknown>) => string
  /** Whether a POST found there already what it was to create: then it answers 200, and no `Location`. */
  readonly replaced?: (answer: unknown) => boolean
}

type Typed<Deps, B extends TSchema, Q extends Parameters> = Omit<
  Endpoint<Deps>,
  'body' | 'query' | 'handle'
> & {
  readonly body?: B
  readonly query?: Q
  readonly handle: (
    deps: Deps,
    caller: Caller,
    input: EndpointInput<Static<B>, Q>,
  ) => Promise<unknown>
}

/** Makes an endpoint whose handler sees the types of its body schema and of its parameters. */
export const endpoint = <Deps, B extends TSchema = TSchema, Q extends Parameters = Parameters>(
  definition: Typed<Deps, B, Q>,
): Endpoint<Deps> => definition as unknown as Endpoint<Deps>
