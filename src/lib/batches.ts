/** Cuts a list into pieces that fit into one statement: SQLite takes 32,766 variables in all. */
export const batchesOf = <T>(items: readonly T[], size = 1000): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  )
