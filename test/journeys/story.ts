import assert from 'node:assert/strict'
import { people, type TestApp } from '#test/support/app.ts'
import { withinOneSecond } from '#test/support/fleet.ts'
import {
  createPkce,
  getCode,
  manage,
  readWith,
  redeem,
  refresh,
  register,
} from '#test/support/oauth.ts'

const pageSize = 7
const items = 100

/** Reads the collection page by page through its next links; answers the ids in the order in which they came. */
export const readAllPages = async (site: TestApp, accessToken: string): Promise<number[]> => {
  const ids: number[] = []
  let next: string | undefined = `${site.url}/api/odata4/one/Items?$orderby=amount desc`
  while (next !== undefined) {
    const response: Response = await fetch(next, {
      headers: {
        authorization: `Bearer ${accessToken}`,
        prefer: `odata.maxpagesize=${pageSize}`,
      },
    })
    const page = (await response.json()) as {
      value: { id: number }[]
      '@odata.nextLink'?: string
    }
    assert.equal(response.status, 200, JSON.stringify(page))
    ids.push(...page.value.map(({ id }) => id))
    next = page['@odata.nextLink']
  }
  return ids
}

/**
 * The OAuth story, from the registration to the end of access, at an address behind which anybody may answer; `site` needs no more
 * than its `url`. Throws where it goes otherwise.
 */
export const playStory = async (site: TestApp): Promise<void> => {
  const client = await register(site)
  const pkce = createPkce()
  const code = await getCode(site, client, { challenge: pkce.challenge, state: 'xyz' })

  const first = await redeem(site, client, code, { code_verifier: pkce.verifier })
  assert.equal(first.status, 200, JSON.stringify(first.body))
  assert.equal(await readWith(site, first.body.access_token), 200)
  const ids = await readAllPages(site, first.body.access_token)
  assert.deepEqual(
    ids,
    Array.from({ length: items }, (_, i) => items - i),
  )

  const second = await refresh(site, client, first.body.refresh_token)
  assert.equal(second.status, 200, JSON.stringify(second.body))
  assert.equal(await readWith(site, second.body.access_token), 200)
  const path = '/api/mgmt/oauth/client/allowedapplications'
  const allowed = await manage(site, 'GET', path, { person: people.user })
  assert.ok(JSON.stringify(allowed.body).includes(`"id":${client.id}`))

  const revoked = await manage(site, 'DELETE', `${path}/${client.id}`, { person: people.user })
  assert.equal(revoked.status, 204)
  assert.equal((await refresh(site, client, first.body.refresh_token)).body.error, 'invalid_grant')
  for (const { body } of [first, second])
    await withinOneSecond('a revoked token is refused', async () => {
      const statuses = [
        await readWith(site, body.access_token),
        await readWith(site, body.access_token),
      ]
      return statuses.every((status) => status === 401)
    })
}
