import type { Endpoint } from '#features/endpoint.ts'
import { refusals, type RefusalRow } from '#features/refusals.ts'
import { type Column, columns, type TenantKey } from './callers.ts'
import { absentId, type Caller, type World } from './world.ts'

type Answer = unknown

/** What is filled into an endpoint: its path, query string and body. */
export type Attempt = {
  readonly id?: number
  readonly other?: number
  readonly third?: number
  readonly name?: string
  readonly query?: Readonly<Record<string, string | number | boolean>>
  readonly body?: unknown
}

/** How an attempt is made for a caller; what it would change is made anew for it. */
export type Case = (world: World, caller: Caller) => Attempt | Promise<Attempt>

export type Refused = Pick<RefusalRow, 'status'> & Partial<Pick<RefusalRow, 'code'>>

/** Who may do what, as a table that can be read beside the reference: a line for each case, a column for each caller. */
export type Row = {
  readonly endpoint: string
  /** What else it is about, where an endpoint has several tables; begins the name of the test. */
  readonly about?: string
  /** The sections that the table follows. */
  readonly by: string
  readonly cases: Readonly<Record<string, Case>>
  /**
   * The table. `ok` done · `-` 403 222208103 · `?` 404 with the number of this noun · `bad` 400 with its number for
   * bad input · `401` · `self` 400: acts for the caller alone. Other words: `words`; for lists the letters of what is seen.
   */
  readonly expect: string
  readonly words?: Readonly<Record<string, Refused>>
  /** For lists: what an answer shows, as letters; `0` for nothing. */
  readonly sees?: (answer: Answer, world: World, caller: Caller) => readonly string[]
  /** Undoes what a case did to everybody; such cases come one after the other. */
  readonly restore?: (world: World) => Promise<void>
}

/** What a cell says: a success (and what is seen), or a refusal. */
export type Expected =
  | { readonly status: number; readonly code?: number }
  | { readonly status: number; readonly sees: string }

const wordOf = (row: Row, endpoint: Endpoint<never>, word: string): Expected => {
  const known: Readonly<Record<string, Refused>> = {
    '-': refusals.forbidden,
    '?': endpoint.unknownId,
    bad: endpoint.invalid,
    '401': refusals.badCredentials,
    self: refusals.actingForOthers,
    ...row.words,
  }
  const refused = known[word]
  if (refused !== undefined) return refused
  if (row.sees !== undefined) return { status: endpoint.success, sees: word === '0' ? '' : word }
  if (word === 'ok') return { status: endpoint.success }
  throw new Error(`${row.endpoint}: ${JSON.stringify(word)} is no word of this table`)
}

export type Cell = {
  readonly of: string
  readonly column: Column
  readonly case: Case
  readonly expected: Expected
}

const split = (line: string): readonly string[] => line.trim().split(/\s+/)

/** The cells of a table. Throws when it does not have each case and each caller once. */
export const cellsOf = (row: Row, endpoint: Endpoint<never>): readonly Cell[] => {
  const [head = '', ...lines] = row.expect.split('\n').filter((line) => line.trim() !== '')
  if (split(head).join() !== columns.join())
    throw new Error(`${row.endpoint}: the columns are ${columns.join(' ')}`)
  const names = lines.map((line) => split(line)[0])
  if (names.join() !== Object.keys(row.cases).join())
    throw new Error(`${row.endpoint}: a line for each of ${Object.keys(row.cases).join(' ')}`)
  return lines.flatMap((line) => {
    const [name = '', ...words] = split(line)
    const made = row.cases[name]
    if (made === undefined || words.length !== columns.length)
      throw new Error(`${row.endpoint}: ${name} has ${words.length} cells`)
    return columns.map((column, index) => ({
      of: name,
      column,
      case: made,
      expected: wordOf(row, endpoint, words[index] ?? ''),
    }))
  })
}

type Relation = TenantKey | 'absent'

/**
 * A case for a thing of each tenant, and for one that does not exist. It takes the caller only where the rest does: what
 * is the same for all callers is made once for those who are refused.
 */
export const inEachTenant = (
  idOf: (world: World, key: TenantKey) => number | Promise<number>,
  more: Omit<Attempt, 'id'> | ((world: World) => Omit<Attempt, 'id'>) = {},
): Readonly<Record<Relation, Case>> => {
  const rest = (world: World) => (typeof more === 'function' ? more(world) : more)
  const of =
    (key: TenantKey): Case =>
    async (world) => ({ ...rest(world), id: await idOf(world, key) })
  return {
    S: of('S'),
    A: of('A'),
    B: of('B'),
    absent: (world) => ({ ...rest(world), id: absentId }),
  }
}

/** The letters of the tenants whose thing is among the ids of a list. */
export const seenOf = (
  list: readonly { readonly id: unknown }[],
  idOf: (key: TenantKey) => number,
): readonly string[] => {
  const ids = new Set(list.map(({ id }) => String(id)))
  return (['S', 'A', 'B'] as const).filter((key) => ids.has(String(idOf(key))))
}
