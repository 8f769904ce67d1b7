import assert from 'node:assert/strict'
import { people, type TestApp } from '../app.ts'
import { createOAuthApplication, oauthApps } from '../oauth-applications.ts'
import { manage } from '../oauth.ts'
import type { Upstream } from './authorization.ts'

// What the stories of upstream accounts do through the API: the administrator registers, the user `demo` connects and uses.

const profiles = '/api/mgmt/oauthprofiles'
const dataSources = '/api/mgmt/datasources'

export type Profile = {
  readonly id: number
  readonly status: string
  readonly reason?: string
  readonly since?: string
  readonly expires?: string
}

export type HistoryEntry = {
  readonly at: string
  readonly cause: string
  readonly outcome: string
  readonly detail?: string
}

/** The administrator stores how Headgate is registered at the upstream, and registers Headgate's callback there; answers the id. */
export const registerAt = async (
  app: TestApp,
  upstream: Upstream,
  name: string,
): Promise<string> => {
  const id = await createOAuthApplication(app, people.admin, { ...upstream.application, name })
  const { body } = await manage(app, 'GET', `${oauthApps}/${id}`, { person: people.admin })
  upstream.register(String(body['redirectURI']))
  return id
}

/** The user asks for a link that connects an account. */
export const askForLink = async (
  app: TestApp,
  applicationId: string,
  body: { readonly name: string } | { readonly profileId: number },
): Promise<string> => {
  const path = `${oauthApps}/${applicationId}/connect`
  const answer = await manage(app, 'POST', path, { person: people.user, body })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  const link = String(answer.body['link'])
  assert.ok(link.startsWith(`${app.url}/connect/`), link)
  return link
}

export const readProfile = async (app: TestApp, id: number): Promise<Profile> => {
  const answer = await manage(app, 'GET', `${profiles}/${id}`, { person: people.user })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body as Profile
}

/** The user's profile of this name; undefined when there is none. */
export const findProfile = async (app: TestApp, name: string): Promise<Profile | undefined> => {
  const { body } = await manage(app, 'GET', profiles, { person: people.user })
  const found = (body['profiles'] as { id: string; name: string }[]).find(
    (profile) => profile.name === name,
  )
  return found && readProfile(app, Number(found.id))
}

/** Newest first. */
export const readHistory = async (app: TestApp, id: number): Promise<readonly HistoryEntry[]> => {
  const path = `${profiles}/${id}/history`
  const { body } = await manage(app, 'GET', path, { person: people.user })
  return body['history'] as HistoryEntry[]
}

/** Creates a data source of the user that reads through the profile; answers its id. */
export const createLinkedSource = async (
  app: TestApp,
  upstream: Upstream & { readonly apiUri?: string },
  profileId: number,
): Promise<number> => {
  const { dataStore } = upstream.application
  const answer = await manage(app, 'POST', dataSources, {
    person: people.user,
    body: {
      name: `source_of_${profileId}`,
      dataStore,
      connectionType: 'Cloud',
      options: {
        OAuthProfileId: String(profileId),
        ...(upstream.apiUri === undefined ? {} : { HealthURI: upstream.apiUri }),
      },
    },
  })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return Number(answer.body['id'])
}

/** Uses the account: asks the data store whether it takes the token. */
export const testSource = (
  app: TestApp,
  id: number,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> =>
  manage(app, 'POST', `${dataSources}/${id}/test`, { person: people.user, body: {} })

export const assertWorks = async (app: TestApp, id: number): Promise<void> => {
  const { status, body } = await testSource(app, id)
  assert.deepEqual({ status, body }, { status: 200, body: { success: true } })
}

/** That no log line holds a token, a code, or the client's secret. */
export const assertNothingLeaked = (app: TestApp, upstream: Upstream): void => {
  const secrets = [...upstream.secrets(), upstream.application.clientSecret]
  assert.ok(secrets.length > 1)
  for (const line of app.logs)
    for (const secret of secrets)
      assert.ok(!line.includes(secret) && !line.includes(encodeURIComponent(secret)), line)
}
