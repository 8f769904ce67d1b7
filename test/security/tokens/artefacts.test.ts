import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mintToken, type TokenKind, prefixes } from '#oauth/token-format.ts'
import { beginSession, people, startApp, type TestApp } from '#test/support/app.ts'
import {
  authorizeUrl,
  createPkce,
  credentials,
  readWith,
  redeem,
  refresh,
  type Registered,
  register,
} from '#test/support/oauth.ts'
import { createOAuthApplication } from '#test/support/oauth-applications.ts'
import { goOn, newLink } from '../connect/support.ts'
import { createRawBrowser } from '../front-channel/raw-browser.ts'
import { mintCode, mintTokens, type Minted, redeemMinted, revoke } from './support.ts'

let app: TestApp
let client: Registered
let open: Registered
let upstream: string
before(async () => {
  app = await startApp()
  client = await register(app)
  open = await register(app, { name: 'Public', clientType: 'public' })
  upstream = await createOAuthApplication(app, people.admin)
})
after(() => app.close())

type Artefacts = Readonly<Record<TokenKind, string>> & { readonly minted: Minted }

/** A link that waits, and the state of a connection that is at its data store, in a session. */
const mintConnection = async (session: string) => {
  const links = [await newLink(app, upstream), await newLink(app, upstream)]
  const browser = createRawBrowser(app)
  browser.jar.set('hg_session', session)
  const { state } = await goOn(browser, links[0] ?? '')
  return { link: links[1]?.split('/').at(-1) ?? '', state }
}

/** One living artefact of every kind, all of the same user, browser and client. */
const mintAll = async (): Promise<Artefacts> => {
  const minted = await mintCode(app, client)
  const tokens = await mintTokens(app, client)
  const begun = await fetch(authorizeUrl(app, client), { redirect: 'manual' })
  const browser = /hg_browser=([^;]+)/.exec(begun.headers.getSetCookie().join())?.[1] ?? ''
  const authorizationRequest = (begun.headers.get('location') ?? '').split('/').at(-1) ?? ''
  const session = await beginSession(app, people.user)
  const connection = await mintConnection(session)
  return {
    minted,
    code: minted.code,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    clientSecret: client.clientSecret,
    session,
    browser,
    authorizationRequest,
    connectionLink: connection.link,
    connectionState: connection.state,
  }
}

/** Where an artefact can be presented; true when it opened something there. */
type Slot = {
  readonly takes: TokenKind
  readonly opens: (value: string, all: Artefacts) => Promise<boolean>
}

const visit = async (path: string, cookie: string): Promise<number> => {
  const response = await fetch(`${app.url}${path}`, { redirect: 'manual', headers: { cookie } })
  await response.arrayBuffer()
  return response.status
}

const slots: Readonly<Record<string, Slot>> = {
  'the code parameter': {
    takes: 'code',
    opens: async (value, { minted }) =>
      (await redeemMinted(app, client, { ...minted, code: value })).status === 200,
  },
  'the refresh_token parameter': {
    takes: 'refreshToken',
    opens: async (value) => (await refresh(app, client, value)).status === 200,
  },
  'the client_secret parameter': {
    takes: 'clientSecret',
    opens: async (value) =>
      (await refresh(app, client, 'none', { client_secret: value })).body.error !==
      'invalid_client',
  },
  'the client_secret of a Basic header': {
    takes: 'clientSecret',
    opens: async (value) => {
      const basic = Buffer.from(`${client.clientId}:${value}`).toString('base64')
      const response = await fetch(`${app.url}/oauth2/revoke`, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ token: 'x' }),
      })
      return response.status === 200
    },
  },
  'the bearer token': {
    takes: 'accessToken',
    opens: async (value) => (await readWith(app, value)) === 200,
  },
  'the session cookie': {
    takes: 'session',
    opens: async (value) => (await visit('/account/applications', `hg_session=${value}`)) === 200,
  },
  'the browser cookie of a flow': {
    takes: 'browser',
    opens: async (value, all) =>
      (await visit(`/oauth2/sign-in/${all.authorizationRequest}`, `hg_browser=${value}`)) === 200,
  },
  'the path of a flow': {
    takes: 'authorizationRequest',
    opens: async (value, all) =>
      (await visit(`/oauth2/sign-in/${value}`, `hg_browser=${all.browser}`)) === 200,
  },
  'the path of a link to a data store': {
    takes: 'connectionLink',
    opens: async (value, all) =>
      (await visit(`/connect/${encodeURIComponent(value)}`, `hg_session=${all.session}`)) === 200,
  },
  'the state of an answer of a data store': {
    takes: 'connectionState',
    opens: async (value, all) => {
      const callback = `/hdpui/oauth2callback/1/${upstream}?error=access_denied&state=`
      const cookie = `hg_session=${all.session}`
      return (await visit(callback + encodeURIComponent(value), cookie)) === 303
    },
  },
}
const kinds = Object.keys(prefixes) as TokenKind[]

test('T26: every artefact opens its own slot and no other', async () => {
  for (const [name, slot] of Object.entries(slots)) {
    const all = await mintAll()
    // The right one last: the others have neither opened nor used up anything.
    for (const kind of [...kinds.filter((each) => each !== slot.takes), slot.takes])
      assert.equal(await slot.opens(all[kind], all), slot.takes === kind, `${kind} as ${name}`)
  }
})

test('T26: an artefact under the prefix of another kind, with a right checksum, opens nothing', async () => {
  for (const [name, slot] of Object.entries(slots)) {
    const all = await mintAll()
    for (const kind of kinds) {
      if (kind === slot.takes) continue
      const bytes = Buffer.from(all[kind].slice(6, 49), 'base64url')
      const disguised = mintToken(slot.takes, () => bytes)
      assert.equal(await slot.opens(disguised, all), false, `${kind} disguised as ${name}`)
    }
  }
})

test('T26: revocation ends access and refresh tokens and, given anything else, nothing', async () => {
  const all = await mintAll()
  for (const kind of kinds) {
    if (kind === 'accessToken' || kind === 'refreshToken') continue
    assert.equal(await revoke(app, client, all[kind]), 200)
  }
  for (const [name, slot] of Object.entries(slots))
    assert.equal(await slot.opens(all[slot.takes], all), true, name)
})

/** The text with one character dropped, doubled, added or exchanged, at every place. */
function* changesOf(text: string): Generator<string> {
  for (let i = 0; i < text.length; i += 1) {
    const before = text.slice(0, i)
    const here = text.charAt(i)
    const rest = text.slice(i + 1)
    yield before + rest
    yield before + here + here + rest
    const code = here.charCodeAt(0)
    for (const other of [code ^ 1, code ^ 2, code ^ 32])
      if (other > 32 && other < 127) yield before + String.fromCharCode(other) + rest
  }
  yield `${text}A`
  yield `A${text}`
  yield `${text}=`
  yield ` ${text}`
  yield `${text}\u0000`
  yield text.toLowerCase()
  yield text.toUpperCase()
  yield text.slice(0, 10)
  yield ''
}

const inBatches = async <T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const waiting = [...items]
  const worker = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

for (const [name, slot] of Object.entries(slots))
  test(`T34: ${name} takes nothing that differs in a single character`, async () => {
    const all = await mintAll()
    const right = all[slot.takes]
    await inBatches(changesOf(right), async (changed) => {
      if (changed === right) return
      // A blank around a header's or cookie's value is no part of it, and a control character cannot be sent.
      if (changed.trim() === right || changed.includes('\u0000')) return
      assert.equal(await slot.opens(changed, all), false, changed)
    })
    assert.equal(await slot.opens(right, all), true)
  })

test('T34: an artefact with its checksum mended is still another one', async () => {
  const all = await mintAll()
  for (const [name, slot] of Object.entries(slots)) {
    const bytes = Buffer.from(all[slot.takes].slice(6, 49), 'base64url')
    for (let bit = 0; bit < 256; bit += 5) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const mended = mintToken(slot.takes, () => changed)
      assert.equal(await slot.opens(mended, all), false, name)
    }
  }
})

test('T47: a foreign client cannot end a token and learns nothing by trying', async () => {
  const tokens = await mintTokens(app, client)
  for (const token of [tokens.access_token, tokens.refresh_token])
    for (const hint of [undefined, 'access_token', 'refresh_token', 'nonsense']) {
      const more: Record<string, string> = hint === undefined ? {} : { token_type_hint: hint }
      const ask = async (value: string) => {
        const response = await fetch(`${app.url}/oauth2/revoke`, {
          method: 'POST',
          body: new URLSearchParams({ token: value, ...credentials(open), ...more }),
        })
        const headers = Object.fromEntries(response.headers)
        return { status: response.status, body: await response.text(), names: Object.keys(headers) }
      }
      assert.deepEqual(await ask(token), await ask('hg_at_unknown'))
    }
  assert.equal(await readWith(app, tokens.access_token), 200)
  assert.equal((await refresh(app, client, tokens.refresh_token)).status, 200)
})

test('T47: nobody ends a token without proving who he is', async () => {
  const tokens = await mintTokens(app, client)
  for (const token of [tokens.access_token, tokens.refresh_token]) {
    assert.equal(await revoke(app, client, token, { client_secret: 'wrong' }), 400)
    assert.equal(await revoke(app, client, token, { client_secret: '' }), 400)
    assert.equal(await revoke(app, client, token, { client_id: 'nobody' }), 400)
  }
  assert.equal(await readWith(app, tokens.access_token), 200)
})

test('T47: the owner ends an access token alone and a refresh token with its chain, whatever the hint says', async () => {
  for (const hint of ['access_token', 'refresh_token', 'nonsense']) {
    const tokens = await mintTokens(app, client)
    const more = { token_type_hint: hint }
    assert.equal(await revoke(app, client, tokens.access_token, more), 200)
    assert.equal(await readWith(app, tokens.access_token), 401)
    const next = await refresh(app, client, tokens.refresh_token)
    assert.equal(next.status, 200)
    assert.equal(await revoke(app, client, tokens.refresh_token, more), 200)
    assert.equal(await readWith(app, next.body.access_token), 401)
    assert.equal((await refresh(app, client, tokens.refresh_token)).body.error, 'invalid_grant')
    assert.equal(await revoke(app, client, tokens.refresh_token, more), 200)
  }
})

test('T26: a session opens pages and no interface', async () => {
  const all = await mintAll()
  assert.equal(people.user.name, 'demo')
  for (const path of ['/api/mgmt/datasources', '/api/odata4/one/Items(1)'])
    assert.equal(await visit(path, `hg_session=${all.session}; hg_browser=${all.browser}`), 401)
  const { verifier } = createPkce()
  assert.equal((await redeem(app, client, all.session, { code_verifier: verifier })).status, 400)
})
