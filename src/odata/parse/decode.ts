import { badRequest } from '../errors.ts'

/** Percent-decodes once; `%` that starts no UTF-8 character is refused. */
export const decodeText = (raw: string, target: string): string => {
  if (!raw.includes('%')) return raw
  try {
    return decodeURIComponent(raw)
  } catch {
    throw badRequest(
      'A percent sign is followed by two hex digits of UTF-8 text; write % as %25.',
      { target },
    )
  }
}

const none: ReadonlySet<number> = new Set()

/** Where decoding `raw` gives a semicolon that was written `%3B`, as offsets into the decoded text. */
export const escapedSemicolons = (raw: string): ReadonlySet<number> => {
  if (!/%3b/i.test(raw)) return none
  const found = new Set<number>()
  let length = 0
  for (const piece of raw.split(/(%3b)/i)) {
    if (/^%3b$/i.test(piece)) found.add(length)
    length += decodeURIComponent(piece).length
  }
  return found
}
