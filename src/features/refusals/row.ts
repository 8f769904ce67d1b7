/** A row of the catalogue: HDP's number (management reference 9, OAuth reference A.11), status and sentence. */
export type RefusalRow = {
  readonly code: number
  readonly status: number
  readonly sentence: string
}
