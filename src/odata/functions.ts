import type { EdmType, Family } from './edm/types.ts'

export type FunctionRow = {
  /** Families that each argument may have. */
  readonly parameters: readonly (readonly Family[])[]
  /** How many of them may be left out, from the last on. */
  readonly optional?: number
  /** The type of what it gives; `same` is that of the first argument. */
  readonly result: EdmType | 'same'
}

const text = ['string'] as const
const number = ['number'] as const
const day = ['date', 'datetime'] as const
const clock = ['datetime', 'time'] as const

/**
 * The canonical functions that are answered (OData 4.01 URL 5.1.1.5 to 5.1.1.9). A new one is one row
 * here; every dialect and `query/evaluate.ts` then fail to compile until they have a cell for it.
 */
export const functions = {
  concat: { parameters: [text, text], result: 'Edm.String' },
  contains: { parameters: [text, text], result: 'Edm.Boolean' },
  startswith: { parameters: [text, text], result: 'Edm.Boolean' },
  endswith: { parameters: [text, text], result: 'Edm.Boolean' },
  indexof: { parameters: [text, text], result: 'Edm.Int32' },
  length: { parameters: [text], result: 'Edm.Int32' },
  substring: { parameters: [text, number, number], optional: 1, result: 'Edm.String' },
  matchespattern: { parameters: [text, text], result: 'Edm.Boolean' },
  tolower: { parameters: [text], result: 'Edm.String' },
  toupper: { parameters: [text], result: 'Edm.String' },
  trim: { parameters: [text], result: 'Edm.String' },
  year: { parameters: [day], result: 'Edm.Int32' },
  month: { parameters: [day], result: 'Edm.Int32' },
  day: { parameters: [day], result: 'Edm.Int32' },
  hour: { parameters: [clock], result: 'Edm.Int32' },
  minute: { parameters: [clock], result: 'Edm.Int32' },
  second: { parameters: [clock], result: 'Edm.Int32' },
  fractionalseconds: { parameters: [clock], result: 'Edm.Decimal' },
  date: { parameters: [['datetime']], result: 'Edm.Date' },
  time: { parameters: [['datetime']], result: 'Edm.TimeOfDay' },
  totalseconds: { parameters: [['duration']], result: 'Edm.Decimal' },
  now: { parameters: [], result: 'Edm.DateTimeOffset' },
  round: { parameters: [number], result: 'same' },
  floor: { parameters: [number], result: 'same' },
  ceiling: { parameters: [number], result: 'same' },
} as const satisfies Record<string, FunctionRow>

export type FunctionName = keyof typeof functions

export const isFunctionName = (name: string): name is FunctionName => Object.hasOwn(functions, name)

/** The row of a function, its literal types forgotten. */
export const functionRow = (name: FunctionName): FunctionRow => functions[name]

/** Without a cell of their own: answered while names are bound, or understood and not offered. */
const others: ReadonlySet<string> = new Set(
  (
    'mindatetime maxdatetime totaloffsetminutes cast isof case hassubset hassubsequence isdefined ' +
    'geo.distance geo.intersects geo.length'
  ).split(' '),
)

/** Whether a name, in any case, is that of a canonical function. */
export const isCanonical = (name: string): boolean => {
  const lower = name.toLowerCase()
  return isFunctionName(lower) || others.has(lower)
}
