import { createPool, type Pool, type PoolLimits } from '../readers/pool.ts'
import type { FilesRequest } from './messages.ts'

export type FilesPool = Pool<FilesRequest>

/** A bounded pool of processes that read files; each holds an engine that may be killed with it. */
export const createFilesPool = (limits: Partial<PoolLimits> = {}): FilesPool =>
  createPool<FilesRequest>(
    {
      program: new URL('./reader-process.ts', import.meta.url),
      placeOf: ({ folder }) => folder,
    },
    limits,
  )
