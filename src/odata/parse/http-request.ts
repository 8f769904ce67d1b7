import { badRequest } from '../errors.ts'
import { checkLine, lineAt, parseHead } from './message-head.ts'

/** A request inside of another one, its target as it was written. */
export type InnerRequest = {
  readonly method: string
  readonly target: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const requestLine = /^([A-Z]{1,16}) ([^ \t]+) HTTP\/\d(?:\.\d)?$/

/** Parses the body of a part of type application/http (OData 4.01 Protocol 11.7.2). Throws 400. */
export const parseHttpRequest = (text: string): InnerRequest => {
  const { line, next } = lineAt(text, 0)
  checkLine(line, 'a part of the batch')
  const [, method, target] = requestLine.exec(line) ?? []
  if (method === undefined || target === undefined)
    throw badRequest(
      'A part begins with a request line such as GET Items(1) HTTP/1.1, blanks in the URL encoded.',
      { target: 'a part of the batch' },
    )
  const { headers, bodyAt } = parseHead(text, next, 'a part of the batch')
  return { method, target, headers, body: text.slice(bodyAt) }
}
