// What options and transformations have in common: computed members, an order, and where it ends.
import type { ComputeItem, OrderItem, QueryOptions } from '#odata/ast.ts'
import { valueIn, type Row, type World } from './naive-rows.ts'
import { order, type Plain } from './naive-value.ts'

/** The request leaves to the service which rows come out. */
export class Ambiguous extends Error {}

export const sortedBy = (
  rows: readonly Row[],
  items: readonly OrderItem[],
  world: World,
): readonly Row[] => {
  const keyed = rows.map((row) => ({
    row,
    keys: items.map(({ expression }) => valueIn(expression, world, row)),
  }))
  const by = (a: (typeof keyed)[number], b: (typeof keyed)[number]): number => {
    for (const [i, { descending }] of items.entries()) {
      const found = order(a.keys[i] ?? null, b.keys[i] ?? null)
      if (found !== 0) return descending ? -found : found
    }
    return 0
  }
  return keyed.toSorted(by).map(({ row }) => row)
}

export const computed = (
  row: Row,
  items: readonly ComputeItem[] | undefined,
  world: World,
): Row => {
  let made = row
  for (const { expression, alias } of items ?? [])
    made = {
      ...made,
      values: new Map([...made.values, [alias, valueIn(expression, world, made)]]),
    }
  return made
}

export const cut = <T>(rows: readonly T[], { skip = 0, top }: Pick<QueryOptions, 'skip' | 'top'>) =>
  rows.slice(skip, top === undefined ? undefined : skip + top)

const areSame = (a: readonly Plain[], b: readonly Plain[]): boolean =>
  a.length === b.length && a.every((value, i) => order(value, b[i] ?? null) === 0)

/** Rows that are equal in the order, and else are not. */
export const isTie = (a: Row, b: Row, items: readonly OrderItem[], world: World): boolean => {
  const keys = (row: Row) => items.map(({ expression }) => valueIn(expression, world, row))
  return !areSame([...a.values.values()], [...b.values.values()]) && areSame(keys(a), keys(b))
}

/** Between rows that tie it is for the service to choose. Throws `Ambiguous`. */
export const refuseTies = (
  sorted: readonly Row[],
  { skip = 0, top }: Pick<QueryOptions, 'skip' | 'top'>,
  items: readonly OrderItem[],
  world: World,
): void => {
  for (const at of [skip, top === undefined ? sorted.length : skip + top]) {
    const [before, next] = [sorted[at - 1], sorted[at]]
    if (before !== undefined && next !== undefined && isTie(before, next, items, world))
      throw new Ambiguous()
  }
}
