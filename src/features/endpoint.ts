import type { Static, TSchema } from 'typebox'
import type { Caller } from './access/caller.ts'
import type { RefusalRow } from './refusals.ts'

/** What an endpoint is handed: parsed, checked, typed. */
export type EndpointInput<Body> = {
  /** The numeric id of the path; 0 where the path has none. */
  readonly id: number
  /** The second one, likewise. */
  readonly other: number
  readonly body: Body
  readonly query: ReadonlyMap<string, string>
}

/**
 * An endpoint as data: `http/` mounts it, tests iterate over it, the API description is made of it.
 * `handle` knows nothing of HTTP; it returns the answer or throws a refusal.
 */
export type Endpoint<Deps> = {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `:id`, and `:other` after it, stand for positive integers. */
  readonly path: string
  readonly summary: string
  /** All of them are needed; none means any active user. */
  readonly permissions: readonly number[]
  /** What the audit log calls it; reads have none. */
  readonly audit?: string
  readonly success: 200 | 201 | 204
  readonly body?: TSchema
  readonly answer?: TSchema
  /** Query parameters that would change the meaning and are refused (OAuth reference A.0). */
  readonly refusedQuery?: readonly string[]
  /** The row for a body that does not fit, for an id (or other) that is none, and for our own failure. */
  readonly invalid: RefusalRow
  readonly unknownId: RefusalRow
  readonly failed: RefusalRow
  readonly handle: (deps: Deps, caller: Caller, input: EndpointInput<unknown>) => Promise<unknown>
  /** Where a created object lives. */
  readonly location?: (answer: unknown) => string
}

type Typed<Deps, B extends TSchema> = Omit<Endpoint<Deps>, 'body' | 'handle'> & {
  readonly body?: B
  readonly handle: (deps: Deps, caller: Caller, input: EndpointInput<Static<B>>) => Promise<unknown>
}

/** Makes an endpoint whose handler sees the type of its body schema. */
export const endpoint = <Deps, B extends TSchema = TSchema>(
  definition: Typed<Deps, B>,
): Endpoint<Deps> => definition as unknown as Endpoint<Deps>
