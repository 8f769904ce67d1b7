import type { Dialect } from '../dialect.ts'
import { sqlite } from './sqlite.ts'

export const dialects = { sqlite } as const satisfies Record<string, Dialect>
