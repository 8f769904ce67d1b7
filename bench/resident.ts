import { readFileSync } from 'node:fs'
import { childrenOf } from './cpu.ts'

/** Resident memory of a process in megabytes; undefined where the system does not tell. */
export const residentMegabytes = (pid: number): number | undefined => {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
  } catch {
    return undefined
  }
}

/** The most that was resident at once, in megabytes: in the server, and in all its children together. */
export type Peak = { readonly server: number | undefined; readonly readers: number }

const interval = 20

/** Looks at a server and the processes that read for it, every few milliseconds while the work lasts. */
export const peakDuring = async <T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ readonly peak: Peak; readonly result: T }> => {
  let peak: Peak = { server: undefined, readers: 0 }
  const look = (): void => {
    const server = residentMegabytes(pid)
    const readers = childrenOf(pid).reduce((sum, child) => sum + (residentMegabytes(child) ?? 0), 0)
    peak = {
      server: server === undefined ? peak.server : Math.max(peak.server ?? 0, server),
      readers: Math.max(peak.readers, readers),
    }
  }
  const timer = setInterval(look, interval)
  try {
    const result = await work()
    look()
    return { peak, result }
  } finally {
    clearInterval(timer)
  }
}
