import type { SQLInputValue } from 'node:sqlite'

let last: { readonly source: string; readonly pattern: RegExp } | undefined

const compiled = (source: string): RegExp => {
  if (last?.source !== source) last = { source, pattern: new RegExp(source, 'u') }
  return last.pattern
}

/**
 * OData's matchesPattern (4.01 URL 5.1.1.7.1): an ECMAScript regular expression. One that runs away keeps its process
 * busy until the time-out takes it; it never runs inside the server (`bounded.ts`).
 */
export const matchesPattern = (text: SQLInputValue, source: SQLInputValue): SQLInputValue =>
  typeof text === 'string' && typeof source === 'string'
    ? Number(compiled(source).test(text))
    : null
