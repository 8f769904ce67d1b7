// Bodies of several parts, piece by piece, since a part may be longer than memory (RFC 2046 section 5.1).

type Headers = Readonly<Record<string, string>>

const headerLines = (headers: Headers): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')

/** What stands before the body of a part. */
export const openPart = (boundary: string, headers: Headers): string =>
  `--${boundary}\r\n${headerLines(headers)}\r\n`

/** What stands behind the body of a part: the line end before the next delimiter. */
export const closePart = '\r\n'

export const closeMultipart = (boundary: string): string => `--${boundary}--\r\n`

/** The head of an answer inside of another one (OData 4.01 Protocol 11.7.4). */
export const responseHead = (status: number, reason: string, headers: Headers): string =>
  `HTTP/1.1 ${status} ${reason}\r\n${headerLines(headers)}\r\n`
