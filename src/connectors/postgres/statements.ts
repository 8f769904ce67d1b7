import type { EdmType } from '#odata/edm/types.ts'
import type { Row } from '#query/plan.ts'
import type { DataRow, RowDescription } from './wire.ts'
import { createRowDecoder } from './values.ts'

/** A statement that the server keeps under a name on one connection. */
export type Prepared = {
  readonly name: string
  readonly text: string
  readonly parameters: readonly number[]
  readonly outputs: readonly (EdmType | undefined)[]
  /** Known once the server has described the rows. */
  decode: ((fields: DataRow['fields']) => Row) | undefined
}

export type StatementKey = Pick<Prepared, 'text' | 'parameters' | 'outputs'>

const mostStatements = 100

/** The prepared statements of one connection; the one that was least recently used makes room. */
export const createStatements = () => {
  const known = new Map<string, Prepared>()
  let gone: string[] = []
  let made = 0
  const keyOf = ({ text, parameters, outputs }: StatementKey): string =>
    `${parameters.join()} ${outputs.join()} ${text}`

  const forget = (prepared: Prepared): void => {
    if (known.get(keyOf(prepared)) !== prepared) return
    known.delete(keyOf(prepared))
    gone.push(prepared.name)
  }

  const find = (wanted: StatementKey): Prepared => {
    const key = keyOf(wanted)
    const found = known.get(key)
    if (found !== undefined) {
      known.delete(key)
      known.set(key, found)
      return found
    }
    const [oldest] = known.values()
    if (known.size >= mostStatements && oldest !== undefined) forget(oldest)
    const { text, parameters, outputs } = wanted
    const fresh = { name: `h${made++}`, text, parameters, outputs, decode: undefined }
    known.set(key, fresh)
    return fresh
  }

  return {
    find,
    forget,
    /** Names that the server may give up, once each. */
    takeGone: (): readonly string[] => {
      const names = gone
      gone = []
      return names
    },
  }
}

/** Remembers how the rows of a statement are read. */
export const learnRows = (prepared: Prepared, { fields }: RowDescription): void => {
  prepared.decode = createRowDecoder(
    prepared.outputs,
    fields.map(({ dataTypeID }) => dataTypeID),
  )
}
