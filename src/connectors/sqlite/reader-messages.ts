import type { Row, Value } from '#query/plan.ts'

/** A statement to run in a reader process. */
export type ReadRequest = {
  readonly kind: 'read'
  readonly file: string
  /** A file of the same name with another identity is opened anew. */
  readonly identity: string
  readonly text: string
  readonly values: readonly Value[]
  /** Integers come as bigint. */
  readonly exact: boolean
}

export type ToReader = ReadRequest | { readonly kind: 'next' } | { readonly kind: 'stop' }

export type FromReader =
  | { readonly kind: 'rows'; readonly rows: readonly Row[]; readonly done: boolean }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly message: string; readonly busy: boolean }
