import type { Compilable, CompiledQuery } from 'kysely'

/** What the engine says of one statement. */
export type Answer = { readonly rows: readonly unknown[]; readonly changes: number }

/** A statement, and the name under which a connection may keep it planned. */
export type NamedQuery<O = unknown> = CompiledQuery<O> & { readonly name?: string }

/**
 * A closed piece of work on the system database: it yields statements and is handed their answers.
 * SQLite drives it without a pause on its one writer, PostgreSQL with `await` in a transaction; the
 * work itself is written once and cannot do anything else in between.
 */
export type Command<T> = Generator<NamedQuery, T, Answer>

/** A statement that is compiled, or can be. */
export type Statement<O> = NamedQuery<O> | Compilable<O>

const compiled = <O>(statement: Statement<O>): NamedQuery<O> =>
  'compile' in statement ? statement.compile() : statement

/** All rows of a statement. */
export function* all<O>(statement: Statement<O>): Command<readonly O[]> {
  const answer = yield compiled(statement)
  return answer.rows as readonly O[]
}

/** The first row of a statement, or undefined. */
export function* first<O>(statement: Statement<O>): Command<O | undefined> {
  const answer = yield compiled(statement)
  return answer.rows[0] as O | undefined
}

/** Runs a statement that returns no rows; how many it changed. */
export function* run(statement: Statement<unknown>): Command<number> {
  const answer = yield compiled(statement)
  return answer.changes
}

/** A named place for a value in a statement that is compiled once. */
class Slot {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

let prepared = 0

/**
 * Compiles a statement once, for hot paths: `slot('x')` stands where the value `x` goes.
 * Returns a function from values to the compiled statement.
 */
export const prepare = <P extends Record<string, unknown>, O>(
  build: (slot: <K extends keyof P & string>(name: K) => P[K]) => Compilable<O>,
): ((values: P) => NamedQuery<O>) => {
  const template = build((name) => new Slot(name) as never).compile()
  const name = `headgate_${(prepared += 1)}`
  return (values) => ({
    ...template,
    name,
    parameters: template.parameters.map((p) => (p instanceof Slot ? values[p.name] : p)),
  })
}
