import { createPool, type Pool, type PoolLimits } from '../readers/pool.ts'
import type { ReadRequest } from './reader-messages.ts'

export type { PoolLimits }

export type ReaderPool = Pool<ReadRequest>

/** A bounded pool of reader processes for all SQLite files. */
export const createReaderPool = (limits: Partial<PoolLimits> = {}): ReaderPool =>
  createPool<ReadRequest>(
    {
      program: new URL('./reader-process.ts', import.meta.url),
      placeOf: ({ file }) => file,
    },
    limits,
  )
