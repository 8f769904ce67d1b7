import assert from 'node:assert/strict'
import { type Person, people, type TestApp } from '#test/support/app.ts'
import { authorizeUrl, type AuthorizeOptions, type Registered } from '#test/support/oauth.ts'

/** One request and its answer, as they went over the wire. */
export type Exchange = {
  readonly method: string
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly location: string | undefined
  readonly html: string
}

type Sending = {
  readonly method?: string
  readonly form?: URLSearchParams | Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** A browser whose cookies, headers and every single answer are in the hands of the test. */
export const createRawBrowser = (app: TestApp) => {
  const jar = new Map<string, string>()
  const history: Exchange[] = []

  /** One request, no redirect followed. */
  const send = async (path: string, sending: Sending = {}): Promise<Exchange> => {
    const url = new URL(path, app.url).href
    const { form } = sending
    const method = sending.method ?? (form === undefined ? 'GET' : 'POST')
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        ...(jar.size === 0
          ? {}
          : { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') }),
        ...sending.headers,
      },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    const exchange: Exchange = {
      method,
      url,
      status: response.status,
      headers: response.headers,
      location: response.headers.get('location') ?? undefined,
      html: await response.text(),
    }
    history.push(exchange)
    return exchange
  }

  /** Follows redirects within the server; stops at the one that leaves it. */
  const follow = async (path: string, sending: Sending = {}): Promise<Exchange> => {
    let exchange = await send(path, sending)
    for (let hops = 0; exchange.location !== undefined && hops < 10; hops += 1) {
      const next = new URL(exchange.location, exchange.url)
      if (next.origin !== new URL(app.url).origin) return exchange
      exchange = await send(next.href)
    }
    return exchange
  }

  /** Signs in at the page that is shown and goes on to where that leads. */
  const signIn = (page: Exchange, person: Person = people.user): Promise<Exchange> =>
    follow(page.url, {
      form: { csrf: csrfOf(page), username: person.name, password: person.password },
    })

  /** Opens the link of an application and signs in where asked; answers what is shown then. */
  const open = async (
    client: Registered,
    options: AuthorizeOptions = {},
    person: Person = people.user,
  ): Promise<Exchange> => {
    const page = await follow(authorizeUrl(app, client, options))
    return page.html.includes('name="password"') ? signIn(page, person) : page
  }

  /** The consent form of a page, all data sources ticked. */
  const decide = (
    page: Exchange,
    decision: 'allow' | 'deny' = 'allow',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Exchange> => send(page.url, { form: consentForm(page, decision), headers })

  return { jar, history, send, follow, signIn, open, decide }
}

export type RawBrowser = ReturnType<typeof createRawBrowser>

export const csrfOf = (page: Exchange): string => {
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.html)?.[1]
  assert.ok(csrf, `no form at ${page.url} (${page.status})`)
  return csrf
}

export const consentForm = (page: Exchange, decision: string): URLSearchParams => {
  const form = new URLSearchParams({ csrf: csrfOf(page), decision })
  for (const [, id = ''] of page.html.matchAll(/name="source" value="(\d+)"/g))
    form.append('source', id)
  return form
}

/** True for a page that asks for a decision. */
export const asks = (page: Exchange): boolean =>
  page.status === 200 && page.html.includes('name="decision"')

/** A page of ours that says no and leads nowhere. */
export const assertRefusedHere = (exchange: Exchange, why = ''): void => {
  assert.ok(exchange.status >= 400 && exchange.status < 500, `${exchange.status} ${why}`)
  assert.equal(exchange.location, undefined, why)
  assert.equal(exchange.headers.get('refresh'), null, why)
  assert.match(exchange.headers.get('content-type') ?? '', /^text\/html/, why)
  assert.doesNotMatch(exchange.html, /http-equiv/i, why)
}

/** The parameters with which a redirect goes to the application. */
export const answerOf = (exchange: Exchange): URLSearchParams => {
  assert.ok(exchange.location, `no redirect: ${exchange.status} ${exchange.html.slice(0, 500)}`)
  return new URL(exchange.location).searchParams
}
