import type { Endpoint } from '#features/endpoint.ts'
import { basicOf, type Person, type TestApp } from '#test/support/app.ts'
import type { Attempt } from './table.ts'

export type Sent = {
  readonly status: number
  readonly headers: string
  readonly text: string
}

const fill = (path: string, attempt: Attempt): string =>
  path.replaceAll(/:(id|other|third|name)/g, (_, part: 'id' | 'other' | 'third' | 'name') =>
    encodeURIComponent(String(attempt[part] ?? 0)),
  )

/** Headers that differ from answer to answer by their nature. */
const volatile = new Set(['date', 'x-request-id', 'content-length', 'keep-alive'])

const headersOf = (headers: Headers): string =>
  [...headers]
    .filter(([name]) => !volatile.has(name))
    .map((pair) => pair.join(': '))
    .join('\n')

export const pathOf = (endpoint: Endpoint<never>, attempt: Attempt): string => {
  const query = new URLSearchParams(
    Object.entries(attempt.query ?? {}).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]),
  ).toString()
  return `${fill(endpoint.path, attempt)}${query === '' ? '' : `?${query}`}`
}

/** Sends an attempt at an endpoint, as a person or as nobody. */
export const send = async (
  app: TestApp,
  endpoint: Endpoint<never>,
  attempt: Attempt,
  person?: Person,
): Promise<Sent> => {
  const { body } = attempt
  const response = await fetch(`${app.url}${pathOf(endpoint, attempt)}`, {
    method: endpoint.method,
    headers: {
      ...(person === undefined ? {} : basicOf(person)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return {
    status: response.status,
    headers: headersOf(response.headers),
    text: await response.text(),
  }
}
