// What a batch holds, whatever its format.
import type { ODataError } from '#odata/errors.ts'

export type BatchRequest = {
  readonly method: string
  /** The URL as it was written: absolute, an absolute path, or relative to the service root. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
}

/** A request, or the refusal of what stands in its place. */
export type BatchItem = {
  /** Content-ID of a part, `id` of a request in JSON. */
  readonly id: string | undefined
  /** Ids of requests that must have succeeded. */
  readonly dependsOn: readonly string[]
  readonly content: BatchRequest | ODataError
}

/** Requests in a batch at most (T70). */
export const mostRequests = 100

/** Bytes of a batch at most (T70): its requests are URLs and a few headers. */
export const longestBatch = 1_048_576

/** An id is sent back in a header, so it is what a header may hold. */
export const isId = (text: string): boolean => /^[\x21-\x7e]{1,128}$/.test(text)
