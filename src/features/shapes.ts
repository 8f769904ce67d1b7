import Type, { type Static } from 'typebox'

// What bodies and answers of several nouns have in common.

/** Samples send numbers as strings, too; both are the same id (management reference 0.2). */
export const Id = Type.Union([
  Type.Integer({ minimum: 1, maximum: 999_999_999_999_999 }),
  Type.String({ pattern: '^[1-9][0-9]{0,14}$' }),
])
export const Ids = Type.Array(Id, { maxItems: 1000 })

export const numbersOf = (ids: Static<typeof Ids> = []): readonly number[] => ids.map(Number)

/** What to send as `after` for the rest; missing at the end. */
export const Next = Type.Optional(Type.Integer())

export const DependentsShape = Type.Object({
  dependents: Type.Array(
    Type.Object({ kind: Type.String(), id: Type.Integer(), name: Type.Optional(Type.String()) }),
  ),
})
