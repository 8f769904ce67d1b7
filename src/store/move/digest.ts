import { hash } from 'node:crypto'

/** What a column holds, on both engines. */
export type Value = null | number | string | Uint8Array

/** How many rows there are, and what they are, whatever their order. */
export type Digest = { readonly rows: number; readonly sum: string }

const modulus = 1n << 128n

/** Each value with its kind and length, so that no two rows are written alike. */
const written = (row: readonly Value[]): Buffer => {
  const parts: (Buffer | Uint8Array)[] = []
  for (const value of row) {
    if (value === null) parts.push(Buffer.from('n;'))
    else if (typeof value === 'number') parts.push(Buffer.from(`i${value};`))
    else {
      const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
      parts.push(Buffer.from(`${typeof value === 'string' ? 's' : 'b'}${bytes.length}:`), bytes)
    }
  }
  return Buffer.concat(parts)
}

/**
 * Adds rows up to a digest that does not depend on their order: the sum of their SHA-256 hashes, cut to 128 bits. A sum, not
 * an exclusive or, in which two equal rows would vanish.
 */
export const createDigest = () => {
  let rows = 0
  let sum = 0n
  return {
    add: (row: readonly Value[]): void => {
      rows += 1
      const half = hash('sha256', written(row), 'hex').slice(0, 32)
      sum = (sum + BigInt(`0x${half}`)) % modulus
    },
    result: (): Digest => ({ rows, sum: sum.toString(16) }),
  }
}
