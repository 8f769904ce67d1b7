// Cells of so many arguments for the function tables of dialects; the binder has checked how many there are.
import { sql, type Sql } from './fragment.ts'

type Cell = (args: readonly Sql[]) => Sql

const none = sql`NULL`

export const nullary =
  (cell: Sql): Cell =>
  () =>
    cell

export const unary =
  (cell: (a: Sql) => Sql): Cell =>
  ([a = none]) =>
    cell(a)

export const binary =
  (cell: (a: Sql, b: Sql) => Sql): Cell =>
  ([a = none, b = none]) =>
    cell(a, b)

/** The third may be left out. */
export const ternary =
  (cell: (a: Sql, b: Sql, c: Sql | undefined) => Sql): Cell =>
  ([a = none, b = none, c]) =>
    cell(a, b, c)
