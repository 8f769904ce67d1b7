/** A page, as a browser without JavaScript sees it. */
export type Page = { readonly url: string; readonly status: number; readonly html: string }

type Field = { readonly name: string; readonly value: string }

const decodeEntities = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

const attribute = (tag: string, name: string): string | undefined => {
  const match = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)
  return match?.[1] === undefined ? undefined : decodeEntities(match[1])
}

/** Hidden fields and ticked boxes of the first form that has the given field. */
const readForm = (
  page: Page,
  having: string,
): { readonly action: string; readonly fields: readonly Field[] } => {
  for (const [form] of page.html.matchAll(/<form[\s\S]*?<\/form>/g)) {
    if (!form.includes(`name="${having}"`)) continue
    const fields: Field[] = []
    for (const [tag] of form.matchAll(/<input\b[^>]*>/g)) {
      const type = attribute(tag, 'type')
      const name = attribute(tag, 'name')
      const sent = type === 'hidden' || (type === 'checkbox' && /\schecked\b/.test(tag))
      if (name !== undefined && sent) fields.push({ name, value: attribute(tag, 'value') ?? 'on' })
    }
    return { action: new URL(attribute(form, 'action') ?? '', page.url).href, fields }
  }
  throw new Error(`The page ${page.url} has no form with ${having}; it answered ${page.status}.`)
}

/**
 * A browser with cookies that follows redirects: enough to play a person at our own pages.
 * @param options.stopAt addresses that are not visited; the page then has no content
 */
export const createBrowser = (options: { readonly stopAt?: (url: string) => boolean } = {}) => {
  const jar = new Map<string, string>()

  const visit = async (url: string, form?: URLSearchParams, hops = 0): Promise<Page> => {
    if (hops > 10) throw new Error('Too many redirects.')
    if (options.stopAt?.(url)) return { url, status: 0, html: '' }
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      const equals = pair.indexOf('=')
      jar.set(pair.slice(0, equals), pair.slice(equals + 1))
    }
    const location = response.headers.get('location')
    const html = await response.text()
    return location === null
      ? { url, status: response.status, html }
      : visit(new URL(location, url).href, undefined, hops + 1)
  }

  /**
   * Fills in a form of the page and sends it as its first visitor would.
   * @param chosen replaces all values of a field, for tick boxes
   */
  const submit = (
    page: Page,
    having: string,
    filled: Readonly<Record<string, string>>,
    chosen: Readonly<Record<string, readonly string[]>> = {},
  ): Promise<Page> => {
    const { action, fields } = readForm(page, having)
    const body = new URLSearchParams()
    for (const { name, value } of fields) if (!(name in chosen)) body.append(name, value)
    for (const [name, value] of Object.entries(filled)) body.set(name, value)
    for (const [name, values] of Object.entries(chosen))
      for (const value of values) body.append(name, value)
    return visit(action, body)
  }

  return { visit: (url: string) => visit(url), submit }
}
