type Kinded = { readonly kind: string }

/** The members of a union whose `kind` may be `K`. */
type OfKind<T extends Kinded, K> = T extends unknown ? (K extends T['kind'] ? T : never) : never

/** One function per kind of a union; one that is missing does not compile. */
export type ByKind<T extends Kinded, More extends readonly unknown[], Result> = {
  readonly [K in T['kind']]: (node: OfKind<T, K>, ...more: More) => Result
}

/** Makes a function of a union out of a table with a function per kind. */
export const byKind =
  <T extends Kinded, More extends readonly unknown[], Result>(table: ByKind<T, More, Result>) =>
  (node: T, ...more: More): Result => {
    const kinds: Readonly<Record<string, unknown>> = table
    return (kinds[node.kind] as (node: T, ...more: More) => Result)(node, ...more)
  }
