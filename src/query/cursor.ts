// The text inside a next link before it is sealed: where the page ended and how many rows may still follow.
import type { Value } from './plan.ts'

export type Cursor = {
  /** Values of the order of the last row served. */
  readonly after: readonly Value[]
  /** Rows that the client's own `$top` and the limit of rows still allow; `undefined` without either. */
  readonly left: number | undefined
}

type Encoded = string | boolean | null | readonly ['integer' | 'double', string]

const encode = (value: Value): Encoded => {
  if (typeof value === 'bigint') return ['integer', String(value)]
  if (typeof value === 'number') return ['double', String(value)]
  if (value instanceof Uint8Array) throw new TypeError('A binary value cannot be in a cursor')
  return value
}

const decode = (value: Encoded): Value => {
  if (value === null || typeof value !== 'object') return value
  return value[0] === 'integer' ? BigInt(value[1]) : Number(value[1])
}

export const renderCursor = ({ after, left }: Cursor): string =>
  JSON.stringify([after.map(encode), left ?? null])

/** Reads back what `renderCursor` wrote; the seal around it vouches for the form. */
export const parseCursor = (text: string): Cursor => {
  const [after, left] = JSON.parse(text) as [readonly Encoded[], number | null]
  return { after: after.map(decode), left: left ?? undefined }
}
