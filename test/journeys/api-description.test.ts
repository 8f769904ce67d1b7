import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { pageAssets } from '#http/pages/assets.ts'
import { pagePaths } from '#http/pages/paths.ts'
import type { ApiDocument } from '#http/openapi/types.ts'
import { compile, operationsOf, type Placed } from '#test/support/api-description.ts'
import { basicOf, people, startApp, type TestApp } from '#test/support/app.ts'
import { credentials, getTokens, register, sourceId } from '#test/support/oauth.ts'

// The description against the server that gives it: what is served is described, what is described is served, and what is answered
// has the form that is described.

let app: TestApp
let document: ApiDocument
/** `GET /path/:id`, as they were registered while the server was put together. */
const routes = new Set<string>()

const watch = (message: unknown): void => {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.add(`${each} ${url}`)
  })
}

before(async () => {
  subscribe('fastify.initialization', watch)
  app = await startApp()
  unsubscribe('fastify.initialization', watch)
  const response = await fetch(`${app.url}/api/openapi.json`)
  document = (await response.json()) as ApiDocument
})
after(() => app.close())

/** Addresses that a browser shows to people; what belongs to the OAuth protocol is described although it may answer with a page. */
const isPage = (path: string): boolean =>
  pageAssets.some((asset) => asset.path === path) ||
  /^\/(?:$|sign-in$|sign-out$|signed-out$|account\/|connect\/|hdpui\/oauth2callback\/|oauth2\/[\w-]+\/:handle$)/.test(
    path,
  ) ||
  path === pagePaths.reference

/** OData's own addresses lie below one route, since their names are the data source's. */
const routeOf = ({ path, method }: Placed): string => {
  const url = path.startsWith('/api/odata4/')
    ? path.replace(/^\/api\/odata4\/\{dataSource\}(\/.*)?$/, (_path, rest: string | undefined) =>
        rest === undefined ? '/api/odata4/:name' : '/api/odata4/:name/*',
      )
    : path.replaceAll(/\{(\w+)\}/g, ':$1')
  return `${method.toUpperCase()} ${url}`
}

describe('what is described and what is served', () => {
  test('whatever is described has a route', () => {
    for (const placed of operationsOf(document))
      assert.ok(routes.has(routeOf(placed)), routeOf(placed))
  })

  test('whatever has a route is described, is a page, or answers 405', async () => {
    const described = new Set(operationsOf(document).map(routeOf))
    const others = [...routes].filter((route) => {
      const [method = '', path = ''] = route.split(' ')
      if (described.has(route) || isPage(path)) return false
      // HEAD comes with GET, and OPTIONS of every path is what CORS asks.
      return method !== 'OPTIONS' && !(method === 'HEAD' && described.has(`GET ${path}`))
    })
    assert.ok(others.length > 20)
    for (const route of others) {
      const [method = '', path = ''] = route.split(' ')
      const url = path.replace(':name', 'one').replace('/*', '/Items').replaceAll(/:\w+/g, '1')
      const { status } = await fetch(app.url + url, { method, headers: basicOf(people.user) })
      assert.equal(status, 405, route)
    }
  })

  test('pages are really pages', async () => {
    for (const path of [pagePaths.home, pagePaths.signIn, '/signed-out', pagePaths.reference]) {
      assert.ok(routes.has(`GET ${path}`) && isPage(path))
      const { headers } = await fetch(app.url + path)
      assert.equal(headers.get('content-type'), 'text/html; charset=utf-8', path)
    }
  })
})

type Asked = {
  readonly body?: unknown
  readonly form?: Record<string, string>
  readonly headers?: Record<string, string>
}

/** Asks, and says where the answer is not as it is described; its status and body come back. */
const ask = async (method: string, path: string, url: string, asked: Asked = {}) => {
  const { body, form, headers = basicOf(people.user) } = asked
  const response = await fetch(app.url + url, {
    method: method.toUpperCase(),
    redirect: 'manual',
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
  })
  const text = await response.text()
  const where = `${method} ${url}: ${response.status} ${text.slice(0, 200)}`
  const operation = document.paths[path]?.[method as 'get']
  const described = operation?.responses[String(response.status)]
  assert.ok(described, `${where} is not described`)
  for (const name of Object.keys(described.headers ?? {}))
    assert.ok(response.headers.has(name), `${where} lacks ${name}`)
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const media = described.content?.[type]
  if (text === '') assert.equal(described.content, undefined, where)
  else {
    assert.ok(media, `${where} is ${type}`)
    const value: unknown = type === 'application/json' ? JSON.parse(text) : text
    assert.equal(compile(document, media.schema, true)(value), '', where)
  }
  return { status: response.status, text, media }
}

/** The same of a refusal: its number is one of those that the operation lists for the status. */
const askRefused = async (status: number, ...args: Parameters<typeof ask>): Promise<void> => {
  const answer = await ask(...args)
  assert.equal(answer.status, status, answer.text)
  const { code } = (JSON.parse(answer.text) as { error: { code: number | string } }).error
  const listed = Object.values(answer.media?.examples ?? {}).map(({ $ref }) => {
    const example = document.components.examples[$ref.slice($ref.lastIndexOf('/') + 1)]
    return (example?.value as { error?: { code: number | string } } | undefined)?.error?.code
  })
  assert.ok(listed.includes(code), `${answer.text} is not among ${listed.join(', ')}`)
}

const applications = '/api/mgmt/oauth/client/applications'
const allowed = '/api/mgmt/oauth/client/allowedapplications'
const sources = '/api/mgmt/datasources'
const admin = basicOf(people.admin)

describe('answers have the form that is described', () => {
  test('of client applications, from the registration to the end', async () => {
    const redirectUrls = ['https://client.example/callback']
    const created = await ask('post', applications, applications, {
      body: { name: 'Described', redirectUrls },
    })
    assert.equal(created.status, 201)
    const { id } = JSON.parse(created.text) as { id: number }
    const one = `${applications}/{id}`
    for (const [method, path, url, body] of [
      ['get', applications, applications, undefined],
      ['get', one, `${applications}/${id}`, undefined],
      ['put', one, `${applications}/${id}`, { description: 'Changed' }],
      ['put', `${one}/reset`, `${applications}/${id}/reset?overlap=12h`, undefined],
    ] as const)
      assert.equal((await ask(method, path, url, { body })).status, 200)
    assert.equal((await ask('delete', one, `${applications}/${id}`)).status, 204)
  })

  test('of data sources', async () => {
    const created = await ask('post', sources, sources, {
      body: {
        name: 'described',
        dataStore: '5001',
        connectionType: 'Cloud',
        options: { Database: 'one.db' },
      },
    })
    assert.equal(created.status, 201, created.text)
    const { id } = JSON.parse(created.text) as { id: string }
    assert.equal((await ask('get', sources, sources)).status, 200)
    assert.equal((await ask('get', `${sources}/{id}`, `${sources}/${id}`)).status, 200)
    assert.equal((await ask('delete', `${sources}/{id}`, `${sources}/${id}`)).status, 204)
  })

  test('of OAuth and of accesses', async () => {
    const client = await register(app)
    const tokens = await getTokens(app, client)
    const refreshed = await ask('post', '/oauth2/token', '/oauth2/token', {
      form: {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
        ...credentials(client),
      },
      headers: {},
    })
    assert.equal(refreshed.status, 200)
    for (const base of ['/oauth2', '/api/mgmt/oauth2'])
      for (const [token, path] of [
        [tokens.access_token, 'introspect'],
        [tokens.refresh_token, 'introspect'],
        ['hg_at_none', 'introspect'],
        ['hg_at_none', 'revoke'],
      ] as const) {
        const form = { token, ...credentials(client) }
        const answer = await ask('post', `${base}/${path}`, `${base}/${path}`, {
          form,
          headers: {},
        })
        assert.equal(answer.status, 200)
      }
    const refused = await ask('post', '/oauth2/token', '/oauth2/token', {
      form: { grant_type: 'refresh_token' },
      headers: { authorization: `Basic ${btoa('nobody:nothing')}` },
    })
    assert.equal(refused.status, 401)
    const begun = `/oauth2/authorize?response_type=code&client_id=${client.clientId}&redirect_uri=${encodeURIComponent(client.redirectUri)}`
    assert.equal((await ask('get', '/oauth2/authorize', begun, { headers: {} })).status, 303)
    assert.equal((await ask('get', '/oauth2/authorize', '/oauth2/authorize')).status, 400)
    assert.equal((await ask('get', allowed, allowed)).status, 200)
    const accesses = '/api/admin/applications/{id}/accesses'
    const ofClient = `/api/admin/applications/${client.id}/accesses`
    const listed = await ask('get', accesses, `${ofClient}?limit=1`, { headers: admin })
    assert.match(listed.text, /"userName":"demo"/)
    assert.equal((await ask('delete', `${allowed}/{id}`, `${allowed}/${client.id}`)).status, 204)
    assert.equal((await ask('delete', accesses, ofClient, { headers: admin })).status, 204)
  })

  test('of OData: service, model, rows, count, one row, and every kind of refusal that a request can cause', async () => {
    const root = '/api/odata4/{dataSource}'
    for (const [path, url, status] of [
      [root, '', 200],
      [root, '/', 200],
      [root, '?$format=xml', 406],
      [`${root}/$metadata`, '/$metadata', 200],
      [`${root}/{entitySet}`, '/Items?$count=true&$top=2&$filter=id gt 3&$select=name', 200],
      [`${root}/{entitySet}`, '/Items?$deltatoken=x', 501],
      [`${root}/{entitySet}`, '/Items?$filter=', 400],
      [`${root}/{entitySet}`, '/Items?$skiptoken=x', 410],
      [`${root}/{entitySet}`, '/Items?$filter=id gt 3&$count=true&$explain=true', 200],
      [`${root}/{entitySet}`, '/Items?$explain=x', 400],
      [`${root}/{entitySet}/$count`, '/Items/$count?$filter=id gt 3', 200],
      [`${root}/{entitySet}/$count`, '/Items/$count?$explain=true', 200],
      [`${root}/{entitySet}({key})`, '/Items(1)?$select=name', 200],
      [`${root}/{entitySet}({key})`, '/Items(1)?$explain=true', 200],
      [`${root}/{entitySet}({key})`, '/Items(1000)', 404],
    ] as const) {
      const answer = await ask('get', path, `/api/odata4/one${url}`)
      assert.equal(answer.status, status, answer.text)
    }
    const known = (await fetch(`${app.url}/api/odata4/one`, { headers: basicOf(people.user) }))
      .headers
    const unchanged = { ...basicOf(people.user), 'if-none-match': known.get('etag') ?? '' }
    const again = await ask('get', root, '/api/odata4/one', { headers: unchanged })
    assert.equal(again.status, 304)
    const batch = `${root}/$batch`
    const requests = [{ id: '1', method: 'GET', url: 'Items(1)' }]
    for (const [body, status] of [
      [{ requests }, 200],
      [{ requests: 7 }, 400],
      [{ requests: 'x'.repeat(1_100_000) }, 413],
    ] as const)
      assert.equal((await ask('post', batch, '/api/odata4/one/$batch', { body })).status, status)
    const form = await ask('post', batch, '/api/odata4/one/$batch', { form: { a: 'b' } })
    assert.equal(form.status, 415)
    const anonymous = await ask('get', root, '/api/odata4/one', { headers: {} })
    assert.equal(anonymous.status, 401)
  })

  test('of the probes and of the metadata', async () => {
    for (const path of Object.keys(document.paths).filter((path) =>
      /^\/(?:api\/healthcheck|\.well-known|api\/openapi)/.test(path),
    ))
      assert.equal((await ask('get', path, path, { headers: {} })).status, 200)
  })

  test('of refusals, with a number that the operation lists', async () => {
    const mine = await sourceId(app, 'one')
    const one = `${applications}/{id}`
    await askRefused(400, 'post', applications, applications, { body: { name: 7 } })
    await askRefused(400, 'get', sources, `${sources}?tenantId=1`)
    await askRefused(400, 'get', sources, `${sources}?a=1&A=2`)
    await askRefused(401, 'get', sources, sources, { headers: {} })
    await askRefused(403, 'get', '/api/admin/users/{id}/accesses', '/api/admin/users/1/accesses')
    await askRefused(403, 'delete', `${sources}/{id}`, `${sources}/${mine}`, {
      headers: { ...basicOf(people.user), 'sec-fetch-site': 'cross-site' },
    })
    await askRefused(404, 'get', one, `${applications}/999999`)
    await askRefused(404, 'delete', one, `${applications}/none`)
    await askRefused(413, 'post', sources, sources, { body: { name: 'x'.repeat(70_000) } })
    await askRefused(415, 'post', sources, sources, { form: { name: 'x' } })
  })
})

describe('the document', () => {
  test('is the same for everybody, may be kept for a while, and is not sent again to who has it', async () => {
    const first = await fetch(`${app.url}/api/openapi.json`)
    assert.equal(first.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(first.headers.get('cache-control'), 'public, max-age=300')
    const etag = first.headers.get('etag') ?? ''
    assert.match(etag, /^"[\w-]{22}"$/)
    const text = await first.text()
    const again = await fetch(`${app.url}/api/openapi.json`, { headers: admin })
    assert.equal(await again.text(), text)
    for (const tag of [etag, `"other", W/${etag}`]) {
      const known = await fetch(`${app.url}/api/openapi.json`, {
        headers: { 'if-none-match': tag },
      })
      assert.equal(known.status, 304)
      assert.equal(await known.text(), '')
    }
    const other = await fetch(`${app.url}/api/openapi.json`, {
      headers: { 'if-none-match': '"x"' },
    })
    assert.equal(other.status, 200)
    await other.text()
  })

  test('names this server by its public address, and nobody who uses it', () => {
    assert.deepEqual(document.servers, [{ url: app.url }])
    const text = JSON.stringify(document)
    for (const { name, password } of Object.values(people)) {
      assert.ok(!text.includes(password))
      assert.ok(!text.includes(`"${name}"`))
    }
    assert.ok(!text.includes(app.dataDir))
  })
})

test('the reference page has every operation, its path and its permissions, and is checked again at every visit', async () => {
  const response = await fetch(`${app.url}/api/docs`)
  const { headers } = response
  assert.equal(headers.get('cache-control'), 'no-cache')
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'; style-src 'self'/)
  const page = await response.text()
  for (const { path, operation } of operationsOf(document)) {
    assert.ok(page.includes(`id="${operation.operationId}"`), operation.operationId)
    assert.ok(page.includes(`href="#${operation.operationId}"`), operation.operationId)
    assert.ok(page.replaceAll('<wbr>', '').includes(`<code>${path}</code>`), path)
    for (const { id, name } of operation['x-permissions'] ?? [])
      assert.ok(page.includes(`${name} (${id})`), name)
  }
  const etag = headers.get('etag') ?? ''
  const known = await fetch(`${app.url}/api/docs`, { headers: { 'if-none-match': etag } })
  assert.equal(known.status, 304)
})
