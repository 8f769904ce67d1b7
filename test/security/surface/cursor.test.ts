import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  basicOf,
  createSource,
  people,
  type Person,
  startApp,
  type TestApp,
} from '#test/support/app.ts'

let app: TestApp
let next: string
before(async () => {
  app = await startApp()
  await createSource(app, 'one', 'one.db', people.owner)
  next = await nextLinkOf(`${app.url}/api/odata4/one/Items?$select=id&$filter=id gt 3`)
})
after(() => app.close())

const get = async (url: string, person: Person = people.user) => {
  const response = await fetch(url, {
    headers: { ...basicOf(person), prefer: 'odata.maxpagesize=10' },
  })
  return { status: response.status, text: await response.text() }
}

const nextLinkOf = async (url: string): Promise<string> => {
  const { status, text } = await get(url)
  assert.equal(status, 200, text)
  const link = (JSON.parse(text) as Record<string, unknown>)['@odata.nextLink']
  assert.ok(typeof link === 'string')
  return link
}

const changed = (change: (url: URL) => void): string => {
  const url = new URL(next)
  change(url)
  return url.href
}
const tokenOf = (link: string): string => new URL(link).searchParams.get('$skiptoken') ?? ''

/** Refused with a sentence, without a row and without a word of what the token holds. */
const assertRefused = async (url: string, person?: Person): Promise<void> => {
  const { status, text } = await get(url, person)
  assert.ok([400, 404, 410].includes(status), `${status} for ${url}: ${text.slice(0, 200)}`)
  assert.ok(!text.includes('"value"'), text.slice(0, 200))
}

test('T78 a next link goes on for the user, the source and the query that it was made for', async () => {
  const { status, text } = await get(next)
  assert.equal(status, 200)
  assert.equal((JSON.parse(text) as { value: { id: number }[] }).value[0]?.id, 14)
})

test('T78 a skip token with any one character altered is refused', async () => {
  const token = tokenOf(next)
  for (let i = 0; i < token.length; i += 1) {
    const other = token[i] === 'A' ? 'B' : 'A'
    const altered = token.slice(0, i) + other + token.slice(i + 1)
    // The last character of base64url may carry bits that are no part of the bytes.
    if (Buffer.from(altered, 'base64url').equals(Buffer.from(token, 'base64url'))) continue
    await assertRefused(changed((url) => url.searchParams.set('$skiptoken', altered)))
  }
})

test('T78 a skip token that was cut, lengthened, repeated or made up is refused', async () => {
  const token = tokenOf(next)
  const made = Buffer.from(JSON.stringify({ after: [50] })).toString('base64url')
  for (const wrong of [
    token.slice(0, -4),
    token.slice(4),
    `${token}AAAA`,
    token + token,
    made,
    'x',
  ])
    await assertRefused(changed((url) => url.searchParams.set('$skiptoken', wrong)))
  await assertRefused(`${next}&$skiptoken=${token}`)
})

test('T78 a next link of one user is refused to another user with a source of the same name', async () => {
  assert.equal((await get(`${app.url}/api/odata4/one/Items(1)`, people.owner)).status, 200)
  await assertRefused(next, people.owner)
})

test('T78 a skip token is refused at another source', async () => {
  await assertRefused(changed((url) => (url.pathname = url.pathname.replace('/one/', '/two/'))))
})

test('T78 a skip token is refused with another filter, order or selection', async () => {
  await assertRefused(changed((url) => url.searchParams.set('$filter', 'id gt 2')))
  await assertRefused(changed((url) => url.searchParams.delete('$filter')))
  await assertRefused(changed((url) => url.searchParams.set('$select', 'id,name')))
  await assertRefused(changed((url) => url.searchParams.set('$orderby', 'name')))
})
