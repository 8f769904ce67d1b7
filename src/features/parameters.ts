import Type, { type TSchema } from 'typebox'

/** A parameter of a query string, as data: how its text is read, and what the API description says of it. */
export type Parameter<T> = {
  readonly summary: string
  readonly schema: TSchema
  /** What is said to who got it wrong, after the parameter's name. */
  readonly fault: string
  /** Undefined for a text that is none. */
  readonly parse: (text: string) => T | undefined
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>

export type ParameterValues<Q extends Parameters> = {
  readonly [K in keyof Q]?: Q[K] extends Parameter<infer T> ? T : never
}

/** Parameters that would change for whom or where something is done: refused by an address that does not take them. */
export const meaningful = ['user', 'tenantId', 'tenantName', 'cascade'] as const

/** A whole number, both bounds included. */
export const wholeNumber = (summary: string, least: number, most: number): Parameter<number> => ({
  summary,
  schema: Type.Integer({ minimum: least, maximum: most }),
  fault: `must be a whole number from ${least} to ${most}`,
  parse: (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : -1
    return value >= least && value <= most ? value : undefined
  },
})

export const flagParameter = (summary: string): Parameter<boolean> => ({
  summary,
  schema: Type.Boolean(),
  fault: 'must be true or false',
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
})

export const textParameter = (summary: string, longest = 256): Parameter<string> => ({
  summary,
  schema: Type.String({ minLength: 1, maxLength: longest }),
  fault: `must have 1 to ${longest} characters`,
  // PostgreSQL cannot even compare a text with a zero in it.
  parse: (text) =>
    text !== '' && text.length <= longest && !text.includes('\0') ? text : undefined,
})

/** One of these words, as they stand. */
export const wordParameter = <T extends string>(
  summary: string,
  words: readonly T[],
): Parameter<T> => ({
  summary,
  schema: Type.Enum([...words]),
  fault: `must be one of ${words.join(', ')}`,
  parse: (text) => words.find((word) => word === text),
})

/** An id of something, as a filter of lists. */
export const idParameter = (summary: string) => wholeNumber(summary, 1, 999_999_999_999_999)

/** `?limit=` and `?after=`, an extension: without them a list is whole. */
export const paging = {
  limit: wholeNumber('At most so many; the rest is told by `next`', 1, 1000),
  after: wholeNumber('The `next` of the piece before', 0, Number.MAX_SAFE_INTEGER),
} as const

export const tenantFilter = {
  tenantId: idParameter('Only those of this tenant'),
  tenantName: textParameter('Only those of the tenant of this name, in any case'),
} as const

export const details = { details: flagParameter('With the fields that are left out otherwise') }

export const cascade = {
  cascade: flagParameter('Removes what hangs on it as well, in one transaction'),
}

/** A piece of a list: what was found with one row more than the limit, and where the rest begins. */
export const pieceOf = <T extends { readonly id: number }>(
  found: readonly T[],
  limit: number | undefined,
): { readonly piece: readonly T[]; readonly next: number | undefined } => {
  const piece = limit === undefined ? found : found.slice(0, limit)
  return { piece, next: found.length > piece.length ? piece.at(-1)?.id : undefined }
}
