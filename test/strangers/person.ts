import { people, type Person } from '#test/support/app.ts'
import { createStoppingBrowser } from '#test/support/oauth.ts'

/** Plays the person at the authorization URL that a library made; answers the callback URL. */
export const consentAt = async (
  url: string,
  options: { readonly person?: Person; readonly decision?: 'allow' | 'deny' } = {},
): Promise<URL> => {
  const person = options.person ?? people.user
  const browser = createStoppingBrowser()
  const signIn = await browser.visit(url)
  const consent = await browser.submit(signIn, 'password', {
    username: person.name,
    password: person.password,
  })
  const done = await browser.submit(consent, 'decision', { decision: options.decision ?? 'allow' })
  if (done.html !== '') throw new Error(`the flow stopped at ${done.url} with ${done.status}`)
  return new URL(done.url)
}
