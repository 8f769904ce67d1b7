import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type DataSourceSelection, reaches } from '#oauth/selection.ts'
import { createSource, people, startApp, type TestApp } from '#test/support/app.ts'
import { getTokens, manage, readWith, refresh, register } from '#test/support/oauth.ts'
import { mintTokens } from './support.ts'

let app: TestApp
const names = ['one', 'two', 'three'] as const
let ids: readonly number[]
before(async () => {
  app = await startApp({ sources: false })
  const files = ['one.db', 'two.db', 'one.db']
  const created: number[] = []
  for (const [i, name] of names.entries()) created.push(await createSource(app, name, files[i]))
  ids = created
})
after(() => app.close())

/** Which of the data sources a token reads, as it is answered. */
const readable = async (accessToken: string): Promise<readonly boolean[]> => {
  const statuses = await Promise.all(names.map((name) => readWith(app, accessToken, name)))
  for (const status of statuses) assert.ok(status === 200 || status === 404)
  return statuses.map((status) => status === 200)
}

type Step = { readonly consent: DataSourceSelection } | { readonly refresh: number }

test('T45: no token ever reaches more than its own consent and the newest one allow', async () => {
  const selection = fc.record({
    kind: fc.constantFrom('only' as const, 'all-but' as const),
    ids: fc.subarray([0, 1, 2]),
  })
  const step = fc.oneof(
    selection.map(
      (of): Step => ({ consent: { kind: of.kind, ids: of.ids.map((i) => ids[i] ?? 0) } }),
    ),
    fc.nat(5).map((refresh): Step => ({ refresh })),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      async (steps, isPublic) => {
        const client = await register(app, isPublic ? { clientType: 'public' } : {})
        const chains: { refreshToken: string; of: DataSourceSelection; access: string[] }[] = []
        let newest: DataSourceSelection | undefined
        for (const step of steps) {
          if ('consent' in step) {
            const tokens = await mintTokens(app, client, { selection: step.consent })
            newest = step.consent
            chains.push({
              refreshToken: tokens.refresh_token,
              of: step.consent,
              access: [tokens.access_token],
            })
          } else {
            const chain = chains[step.refresh % chains.length]
            if (chain === undefined) continue
            const { body } = await refresh(app, client, chain.refreshToken)
            chain.refreshToken = body.refresh_token
            chain.access.push(body.access_token)
          }
          for (const { of, access } of chains)
            for (const token of access)
              assert.deepEqual(
                await readable(token),
                ids.map((id) => reaches(of, id) && newest !== undefined && reaches(newest, id)),
              )
        }
      },
    ),
    { numRuns: 10 },
  )
})

test('T45: a refresh takes no other scope than the granted one, and answers that one', async () => {
  const client = await register(app)
  const tokens = await mintTokens(app, client)
  for (const scope of [
    'admin',
    'api.access.odata admin',
    'api.access.ODATA',
    'openid',
    '*',
    '\u00a0',
  ])
    assert.equal(
      (await refresh(app, client, tokens.refresh_token, { scope })).body.error,
      'invalid_scope',
      scope,
    )
  for (const scope of ['', 'api.access.odata', ' ', 'odata'])
    assert.equal(
      (await refresh(app, client, tokens.refresh_token, { scope })).body.scope,
      'api.access.odata',
    )
})

test('T45: through the pages too, a wider consent leaves the older token as it was and a narrower one narrows it', async () => {
  const client = await register(app)
  const [one = 0, two = 0, three = 0] = ids
  const first = await getTokens(app, client, { sources: [one] })
  const change = { name: 'Renamed, so that it asks again' }
  const path = `/api/mgmt/oauth/client/applications/${client.id}`
  assert.equal((await manage(app, 'PUT', path, { body: change })).status, 200)

  const second = await getTokens(app, client, { sources: [one, two, three] })
  assert.deepEqual(await readable(first.access_token), [true, false, false])
  assert.deepEqual(await readable(second.access_token), [true, true, true])
  const later = (await refresh(app, client, first.refresh_token)).body
  assert.deepEqual(await readable(later.access_token), [true, false, false])

  assert.equal((await manage(app, 'PUT', path, { body: { name: 'Again' } })).status, 200)
  const third = await getTokens(app, client, { sources: [two] })
  assert.deepEqual(await readable(third.access_token), [false, true, false])
  assert.deepEqual(await readable(second.access_token), [false, true, false])
  assert.deepEqual(await readable(later.access_token), [false, false, false])
})

test('T45: a data source that was made later is read only where the box for later ones was ticked', async () => {
  const client = await register(app)
  const other = await register(app, { name: 'Another' })
  const only = await getTokens(app, client, {})
  const later = await getTokens(app, other, { later: true })
  const id = await createSource(app, 'four', 'two.db')
  assert.equal(await readWith(app, only.access_token, 'four'), 404)
  assert.equal(await readWith(app, later.access_token, 'four'), 200)
  // Deleted and made again under its name it is another data source.
  const again = await getTokens(app, await register(app, { name: 'Third' }), {})
  assert.equal(await readWith(app, again.access_token, 'four'), 200)
  const path = `/api/mgmt/datasources/${id}`
  assert.equal((await manage(app, 'DELETE', path, { person: people.user })).status, 204)
  assert.equal(await readWith(app, again.access_token, 'four'), 404)
  await createSource(app, 'four', 'two.db')
  assert.equal(await readWith(app, again.access_token, 'four'), 404)
  assert.equal(await readWith(app, later.access_token, 'four'), 200)
})
