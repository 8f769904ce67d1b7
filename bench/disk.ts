import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** How many small appends a second the disk under a directory makes durable, one after the other. */
export const measureSyncRate = (directory: string, milliseconds: number): number => {
  const file = openSync(join(directory, 'sync-probe'), 'w')
  const block = Buffer.alloc(4096, 1)
  const began = performance.now()
  let syncs = 0
  try {
    while (performance.now() - began < milliseconds) {
      writeSync(file, block)
      fdatasyncSync(file)
      syncs += 1
    }
  } finally {
    closeSync(file)
  }
  return (syncs * 1000) / (performance.now() - began)
}
