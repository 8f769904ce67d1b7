// Media types that a client takes: `$format`, else `Accept` (RFC 9110 section 12.5.1).
import { parameterOf, splitList } from './header-list.ts'

export type MediaRange = {
  /** In lower case. */
  readonly type: string
  /** Names in lower case and without the prefix `odata.`, which 4.01 made optional (JSON Format 3). */
  readonly parameters: ReadonlyMap<string, string>
  /** From 0, not at all, to 1. */
  readonly quality: number
}

export const parseMediaRange = (text: string): MediaRange => {
  const [type = '', ...rest] = splitList(text, ';')
  const parameters = new Map(
    rest.map((parameter): readonly [string, string] => {
      const [name, value] = parameterOf(parameter)
      return [name.replace(/^odata\./, ''), value]
    }),
  )
  const quality = Number(parameters.get('q') ?? 1)
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality }
}

/** Media ranges, best first. Those of equal quality keep the client's order. */
const parseAccept = (accept: string): readonly MediaRange[] =>
  splitList(accept, ',')
    .map(parseMediaRange)
    .filter(({ type, quality }) => type !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality)

/** OData 4.01 Protocol 11.2.12: shorthands, and ours for exports, which may have parameters like the types they stand for. */
const shorthands: ReadonlyMap<string, string> = new Map([
  ['json', 'application/json'],
  ['xml', 'application/xml'],
  ['atom', 'application/atom+xml'],
  ['csv', 'text/csv'],
  ['ndjson', 'application/x-ndjson'],
])

const parseFormat = (format: string): MediaRange => {
  const range = parseMediaRange(format)
  return { ...range, type: shorthands.get(range.type) ?? range.type }
}

/** What a client asks for, best first; `$format` wins over `Accept`, and without both anything will do. */
export const askedRanges = (
  accept: string | undefined,
  format: string | undefined,
): readonly MediaRange[] => {
  if (format !== undefined) return [parseFormat(format)]
  return parseAccept(accept === undefined || accept === '' ? '*/*' : accept)
}
