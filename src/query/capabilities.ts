import { functions, isFunctionName, type FunctionName } from '#odata/functions.ts'

/** What a source does itself. What it cannot is done here, row by row, or refused. */
export type Capabilities = {
  /** Canonical functions it evaluates. */
  readonly functions: ReadonlySet<FunctionName>
  /** Whether it filters at all. */
  readonly filter: boolean
}

/** Of a source that does all that can be asked of it. */
export const everything: Capabilities = {
  functions: new Set(Object.keys(functions).filter(isFunctionName)),
  filter: true,
}
