import type { Family } from './edm/types.ts'

/**
 * The canonical functions that are answered (OData 4.01 URL 5.1.1.5 to 5.1.1.8). A new one is one row
 * here; every dialect and `query/evaluate.ts` then fail to compile until they have a cell for it.
 */
export const functions = {
  contains: { parameters: [['string'], ['string']], result: 'Edm.Boolean' },
  startswith: { parameters: [['string'], ['string']], result: 'Edm.Boolean' },
  endswith: { parameters: [['string'], ['string']], result: 'Edm.Boolean' },
  length: { parameters: [['string']], result: 'Edm.Int32' },
  tolower: { parameters: [['string']], result: 'Edm.String' },
  toupper: { parameters: [['string']], result: 'Edm.String' },
  year: { parameters: [['date', 'datetime']], result: 'Edm.Int32' },
  month: { parameters: [['date', 'datetime']], result: 'Edm.Int32' },
  day: { parameters: [['date', 'datetime']], result: 'Edm.Int32' },
} as const satisfies Record<
  string,
  {
    readonly parameters: readonly (readonly Family[])[]
    readonly result: 'Edm.Boolean' | 'Edm.Int32' | 'Edm.String'
  }
>

export type FunctionName = keyof typeof functions

export const isFunctionName = (name: string): name is FunctionName => Object.hasOwn(functions, name)

/** Canonical functions that exist but are not answered: 501 rather than "no such function". */
export const unansweredFunctions: ReadonlySet<string> = new Set(
  (
    'concat indexof substring trim matchespattern hassubset hassubsequence hour minute second ' +
    'fractionalseconds totalseconds date time totaloffsetminutes mindatetime maxdatetime now round ' +
    'floor ceiling cast isof case any all geo'
  ).split(' '),
)
