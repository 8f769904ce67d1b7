// What a grammar cannot say: the whole list of what is not judged, each with its reason.

export type Exception = { readonly reason: string; readonly applies: (text: string) => boolean }

const isNoDay = (text: string): boolean =>
  [...text.matchAll(/(\d{4,})-(\d\d)-(\d\d)(?![\d-])/g)].some(([, year, month, day]) => {
    const date = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month) - 1, Number(day)))
    return date.getUTCDate() !== Number(day)
  })

/** A text to which one of these applies is not judged. */
export const exceptions: readonly Exception[] = [
  { reason: 'the calendar has no such day', applies: isNoDay },
  {
    reason: 'U+0000 ends a text inside SQL engines, so it is refused in texts',
    applies: (text) => /\\u0000/.test(text),
  },
  {
    reason: 'an option is given once (OData 4.01 Protocol 11.2.1)',
    applies: (text) => /[(;]\$?([a-z]+)=(?:.*;)?\$?\1=/i.test(text),
  },
  {
    reason:
      'a minus before digits belongs to them, and there are no negative guids and times of day',
    applies: (text) => /-[ \t]*(?=[\da-f]{8}-[\da-f]{4}-|\d\d:)/i.test(text),
  },
  {
    reason: 'before a space, not is an operator and no name',
    applies: (text) =>
      /\bnot[ \t]+(?:as|asc|desc|with|and|or|eq|ne|gt|ge|lt|le|add|sub|mul|div|divby|mod|has|in|from)?(?:[ \t,)]|$)/i.test(
        text,
      ),
  },
  {
    reason:
      'what a single quote means in $search depends on where it is closed (searchExpr-incomplete)',
    applies: (text) => /search(?:=|[ \t]*\()[^]*'/i.test(text),
  },
  {
    reason: 'Collection( in cast and isof begins a type and no key',
    applies: (text) => /\b(?:cast|isof)\([ \t]*Collection\(/i.test(text),
  },
]

/** What is understood as far as its name and answered 501, whatever else is wrong with the text. */
export const notOffered: readonly Exception[] = [
  { reason: 'a key after a function call', applies: (text) => /\)\(/.test(text) },
]

/** Where a text that is refused in any case may be refused at another place. */
export const unplaced: readonly Exception[] = [
  {
    reason: 'a parenthesis whose inside is not read (501) is named where it opens',
    applies: (text) =>
      /(?:nest|addnested|ancestors|descendants|traverse|rolluprecursive)\(/.test(text),
  },
  {
    reason: 'that the parts of a key are named, and literals, is looked at when all of it is read',
    applies: (text) => /^key=\([^]*[=,]/.test(text),
  },
]

/** Whether one of the list applies to `option=text`. */
export const isOneOf = (list: readonly Exception[], text: string): boolean =>
  list.some(({ applies }) => applies(text))

// White space, then one literal, JSON text or name: a refusal may point to where it begins, or into it.
const token =
  /[ \t]*(?:\/(?=[$@]))?(?:[$@]?[\p{L}\p{N}_.:+#-]*'(?:[^']|'')*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|\\?$)|[$@][\p{L}\p{N}_.:+#-]*|[\p{L}\p{N}_.:+#-]+)|[ \t]+/gu

/** Whether two offsets lie in one token of the text, its end included. */
export const isSamePlace = (text: string, one: number, other: number): boolean =>
  one === other ||
  [...text.matchAll(token)].some(
    ({ index, 0: { length } }) =>
      Math.min(one, other) >= index && Math.max(one, other) <= index + length,
  )
