import type { Failure } from '../readers/messages.ts'

type Kind = Pick<Failure, 'as' | 'message'>

export const filesChanged = 'The files have just been changed; try again.'
const changed: Kind = { as: 'busy', message: filesChanged }
const unanswerable: Kind = { as: 'rejected', message: 'The files cannot answer this.' }
const unreadable: Kind = {
  as: 'rejected',
  message: 'The content is not what the name of the file says, or it is damaged.',
}

/** By the engine's classes of errors, which its messages begin with. */
const kinds: Readonly<Record<string, Kind>> = {
  'IO Error': { as: 'unavailable', message: 'A file of the data source cannot be read.' },
  'Invalid Input Error': unreadable,
  'Conversion Error': {
    as: 'rejected',
    message: 'A value is not of the type of its column, or two types do not fit together.',
  },
  'Out of Range Error': { as: 'rejected', message: 'A number is too large to calculate with.' },
  'Out of Memory Error': {
    as: 'rejected',
    message:
      'The read needs more memory than a read may have; ask for fewer rows, another order or fewer groups.',
  },
}

/** Where the engine says that a file is at fault: line and column, never the value. */
const placeIn = (message: string): string => {
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1]
  const column = /converting column "([^"\n]{1,128})"/.exec(message)?.[1]
  const places = [
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(column === undefined ? [] : [`column '${column}'`]),
  ]
  return places.length === 0 ? '' : ` (${places.join(', ')})`
}

/** A view that no longer fits its file. */
const isChange = (text: string, tables: readonly string[]): boolean =>
  tables.length > 0 &&
  /^(?:Catalog|Binder) Error: .*(?:not found|does not exist|were altered)/.test(text)

/** What the engine's error means. Its text quotes statements and values, so that only its class and place are handed on. */
export const failureOf = (error: unknown, tables: readonly string[]): Failure => {
  const text = error instanceof Error ? error.message : String(error)
  const [name = ''] = /^[A-Z][A-Za-z -]{1,40} Error(?=:)/.exec(text) ?? []
  // Without a view a file is looked into, and whatever is wrong is wrong with it.
  const known = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  const isLook = tables.length === 0
  const kind = isChange(text, tables) ? changed : (known ?? (isLook ? unreadable : unanswerable))
  const place = placeIn(text)
  const detail = `${name || 'error'}${place}${isLook ? '' : ` reading ${tables.join(', ')}`}`
  return {
    kind: 'failed',
    as: isLook ? 'rejected' : kind.as,
    message: kind.message.replace(/\.$/, `${place}.`),
    detail,
  }
}
