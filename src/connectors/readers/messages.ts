// What the server and a reader process say to each other. The server asks, the process answers, one at a time. To `interrupt`
// nothing is answered: whatever is being read ends sooner, where the engine can.
import { ODataError } from '#odata/errors.ts'
import type { Row } from '#query/plan.ts'
import type { ConnectorErrorKind } from '../errors.ts'

export type ToReader<Request> =
  | Request
  | { readonly kind: 'next' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'interrupt' }

export type Failure = {
  readonly kind: 'failed'
  /** unrepresentable: a value that its type cannot hold, found while text was made */
  readonly as: ConnectorErrorKind | 'unrepresentable'
  /** What is at fault, where that is a property. */
  readonly target?: string | undefined
  /** For whoever asked; says nothing of values. */
  readonly message: string
  /** For the operator's log; says nothing of values either. */
  readonly detail: string
}

/** What refuses a value, in the words of an answer; undefined for any other error. */
export const refusalOf = (error: unknown): Failure | undefined =>
  error instanceof ODataError && error.kind === 'unrepresentable'
    ? { kind: 'failed', as: error.kind, message: error.message, target: error.target, detail: '' }
    : undefined

export type FromReader =
  | { readonly kind: 'rows'; readonly rows: readonly Row[]; readonly done: boolean }
  | { readonly kind: 'stopped' }
  | Failure

/** Rows of one answer, at most. */
export const batchRows = 500

/** Rows are handed on when they are so many characters (or bytes) together, whatever their number. */
export const batchCharacters = 262_144

/** About how much memory a row takes, in characters. */
export const sizeOf = (row: Row): number => {
  let size = 0
  for (const value of row)
    size += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8
  return size
}
