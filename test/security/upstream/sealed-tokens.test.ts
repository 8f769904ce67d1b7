import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createSealedValues } from '#features/sealed/data-keys.ts'
import { createUpstreamTokenStore } from '#features/upstream-tokens/store.ts'
import { people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { manage } from '#test/support/oauth.ts'
import { createOAuthApplication } from '#test/support/oauth-applications.ts'
import {
  changeTokens,
  createOAuthProfile,
  oauthProfiles,
  tokenRowOf,
} from '#test/support/oauth-profiles.ts'
import { createPerson, createTenant } from '#test/support/tenants.ts'

// T74: what is stored of an upstream opens in its own place alone: tenant, row, column and generation. Whoever can write
// the database, and has no key, cannot make one profile use what was given to another.

type Place = 'access_token' | 'refresh_token'
type Sealed = Readonly<Record<Place, string>>
type Profile = { readonly id: number; readonly owner: Person; readonly sealed: Sealed }

let app: TestApp
let applicationId: number
let mine: Profile
let sibling: Profile
let colleague: Profile
let foreign: Profile

const body = (name: string, more: object = {}) => ({ name, oauthAppId: applicationId, ...more })
const tokensOf = (name: string) => ({
  accessToken: `access-token-of-${name}`,
  refreshToken: `refresh-token-of-${name}`,
})

const sealedOf = async (id: number): Promise<Sealed> => {
  const row = await tokenRowOf(app, id)
  assert.ok(row?.access_token && row.refresh_token)
  return { access_token: row.access_token, refresh_token: row.refresh_token }
}

const createProfile = async (owner: Person, name: string): Promise<Profile> => {
  const id = await createOAuthProfile(app, owner, body(name, tokensOf(name)))
  return { id, owner, sealed: await sealedOf(id) }
}

before(async () => {
  app = await startApp({ sources: false, env: { HEADGATE_HDP: 'show-secrets' } })
  applicationId = Number(await createOAuthApplication(app, people.admin))
  const tenantId = await createTenant(app, 'Elsewhere')
  const stranger = await createPerson(app, { name: 'stranger', tenantId, permissions: [1, 2, 11] })
  mine = await createProfile(people.user, 'mine')
  sibling = await createProfile(people.user, 'sibling')
  colleague = await createProfile(people.owner, 'colleague')
  foreign = await createProfile(stranger, 'foreign')
})
after(() => app.close())

const read = async ({ id, owner }: Profile): Promise<string> => {
  const answer = await manage(app, 'GET', `${oauthProfiles}/${id}`, { person: owner })
  assert.equal(answer.status, 200)
  return JSON.stringify(answer.body)
}

/** The store as it is, asked without the API: what a refresh would get. */
const open = async ({ id }: Profile) => {
  const { store, ring, clock } = app.core
  const tokens = createUpstreamTokenStore(store, createSealedValues(store, ring, clock.now))
  return store.read(function* () {
    const token = yield* tokens.read({ kind: 'profile', id })
    return token && (yield* tokens.open(token))
  })
}

/** Writes something into a profile, looks that nothing opens there any more, and puts back what was there. */
const assertRefused = async (profile: Profile, values: Partial<Sealed>, what: string) => {
  await changeTokens(app, profile.id, values)
  assert.equal(await open(profile), undefined, what)
  const shown = await read(profile)
  assert.ok(!/access-token-of|refresh-token-of|accessToken|refreshToken/.test(shown), what)
  // Keeping the refresh token would mean to open it and to seal it anew.
  const put = await manage(app, 'PUT', `${oauthProfiles}/${profile.id}`, {
    person: profile.owner,
    body: body('mine', { accessToken: 'another' }),
  })
  assert.equal(put.status, 400, what)
  const { error } = put.body as { error: { code: string } }
  assert.equal(error.code, '222208462', what)
  await changeTokens(app, profile.id, profile.sealed)
  assert.equal((await open(profile))?.accessToken?.reveal(), tokensOf('mine').accessToken)
}

test('T74: what belongs to another profile, owner or tenant opens nowhere else', async () => {
  for (const [what, other] of Object.entries({ sibling, colleague, foreign }))
    for (const place of ['access_token', 'refresh_token'] as const)
      await assertRefused(mine, { [place]: other.sealed[place] }, `${place} of ${what}`)
  for (const [what, other] of Object.entries({ sibling, colleague, foreign }))
    await assertRefused(mine, other.sealed, `both of ${what}`)
})

test('T74: the tokens of one profile do not open in each other’s column', async () => {
  const { access_token, refresh_token } = mine.sealed
  await assertRefused(mine, { access_token: refresh_token }, 'the refresh token as access token')
  await assertRefused(mine, { refresh_token: access_token }, 'the access token as refresh token')
  const both = { access_token: refresh_token, refresh_token: access_token }
  await assertRefused(mine, both, 'both exchanged')
})

test('T74: tokens of a generation that is past open no more, and the present ones not as those', async () => {
  const before = sibling.sealed
  const put = await manage(app, 'PUT', `${oauthProfiles}/${sibling.id}`, {
    person: sibling.owner,
    body: body('sibling', tokensOf('sibling')),
  })
  assert.equal(put.status, 200)
  const after = await sealedOf(sibling.id)
  const row = await tokenRowOf(app, sibling.id)
  assert.ok(row)
  await changeTokens(app, sibling.id, before)
  assert.equal(await open(sibling), undefined)
  await changeTokens(app, sibling.id, { ...after, generation: row.generation - 1 })
  assert.equal(await open(sibling), undefined)
  await changeTokens(app, sibling.id, { generation: row.generation })
  assert.equal((await open(sibling))?.refreshToken?.reveal(), tokensOf('sibling').refreshToken)
})

test('T74: a row that is moved to another tenant keeps nothing that opens', async () => {
  const rows = { mine: await tokenRowOf(app, mine.id), foreign: await tokenRowOf(app, foreign.id) }
  assert.ok(rows.mine && rows.foreign)
  await changeTokens(app, mine.id, { tenant_id: rows.foreign.tenant_id })
  assert.equal(await open(mine), undefined)
  await changeTokens(app, mine.id, { tenant_id: rows.mine.tenant_id })
  assert.notEqual(await open(mine), undefined)
})

/** The sealed text with each single bit of what it says flipped. */
const flipped = (sealed: string): readonly string[] => {
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  return Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const other = Buffer.from(bytes)
    other[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    return `v1.${other.toString('base64url')}`
  })
}

test('T74: nothing opens of which a bit was flipped, or which was cut, doubled or emptied', async () => {
  const { access_token } = mine.sealed
  const altered = [
    ...flipped(access_token),
    access_token.replace('v1.', 'v2.'),
    access_token.slice(3),
    access_token.slice(0, -1),
    access_token.slice(0, access_token.length / 2),
    access_token + access_token,
    `${access_token}A`,
    `${access_token}=`,
    '',
    tokensOf('mine').accessToken,
  ]
  assert.ok(altered.length > 200, `${altered.length}`)
  for (const text of altered) {
    await changeTokens(app, mine.id, { access_token: text })
    assert.equal(await open(mine), undefined, text)
  }
  await assertRefused(mine, { access_token: access_token.slice(0, -2) }, 'cut')
})
