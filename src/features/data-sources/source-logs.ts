import { createBoundedMap } from '#lib/bounded-map.ts'
import type { Clock } from '#lib/clock.ts'
import { timestamp } from '../timestamp.ts'

const mostSources = 1000
const mostLines = 200

/**
 * What happened to data sources on this node, for who owns them (management reference 4.4): in memory, the last lines of the
 * last sources. No line has a value of an option, a query, or a driver's own words.
 */
export const createSourceLogs = (clock: Clock) => {
  const lines = createBoundedMap<string[]>(mostSources)
  return {
    note: (id: number, text: string): void => {
      const of = lines.get(String(id)) ?? lines.set(String(id), [])
      of.push(`${timestamp(clock.now())} ${text}`)
      if (of.length > mostLines) of.shift()
    },
    /** Oldest first, each with a line break; empty where nothing happened. */
    read: (id: number): string => (lines.get(String(id)) ?? []).map((line) => `${line}\n`).join(''),
  }
}

export type SourceLogs = ReturnType<typeof createSourceLogs>
