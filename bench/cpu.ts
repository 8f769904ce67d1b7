import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts processor time in hundredths of a second. */
const ticksPerSecond = 100

/** The fields of a process behind its name, from the third of proc(5) on; undefined where the system does not tell. */
const statOf = (pid: number): readonly string[] | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the program, in parentheses, may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** Seconds of processor time that a process has used, in all its threads; undefined where the system does not tell. */
const processorSeconds = (pid: number): number | undefined => {
  const fields = statOf(pid)
  // utime and stime are fields 14 and 15.
  return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** The same of several processes together. */
export const processorSecondsOf = (pids: readonly number[]): number | undefined => {
  let sum = 0
  for (const pid of pids) {
    const seconds = processorSeconds(pid)
    if (seconds === undefined) return undefined
    sum += seconds
  }
  return sum
}

/** The children of a process that run now; none where the system does not tell. */
export const childrenOf = (parent: number): readonly number[] => {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.filter((pid) => statOf(Number(pid))?.[1] === String(parent)).map(Number)
  } catch {
    return []
  }
}

/**
 * The same of all children of a process together: of PostgreSQL, whose connections are processes. What children used that
 * have ended is missing.
 */
export const processorSecondsBelow = (parent: number): number | undefined => {
  const pids = childrenOf(parent)
  return pids.length === 0 ? undefined : processorSecondsOf(pids)
}
