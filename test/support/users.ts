import assert from 'node:assert/strict'
import { people, type Person, type TestApp } from './app.ts'
import { manage } from './oauth.ts'

// Users through the API, for the tests that are about them.

export const usersPath = '/api/admin/users'

/** Fits every policy, and nobody's name. */
export const givenPassword = 'a-temporary-password'

/** A body that creates or replaces a user. */
export const userBody = (
  userName: string,
  fields: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => ({
  userName,
  statusInfo: { status: 1 },
  passwordInfo: { password: givenPassword, passwordStatus: 1 },
  permissions: { roles: [2] },
  ...fields,
})

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** Calls the users API, as the administrator unless told otherwise. */
export const callUsers = (
  app: TestApp,
  method: string,
  path: string,
  options: { readonly person?: Person; readonly body?: unknown } = {},
): Promise<Answer> =>
  manage(app, method, `${usersPath}${path}`, { person: people.admin, ...options })

/** Creates a user through the API; answers the id. */
export const createUser = async (
  app: TestApp,
  userName: string,
  fields: Readonly<Record<string, unknown>> = {},
  person: Person = people.admin,
): Promise<number> => {
  const answer = await callUsers(app, 'POST', '', { person, body: userBody(userName, fields) })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return answer.body['id'] as number
}

/** That an answer is this refusal, and says something. */
export const assertRefused = (
  answer: Pick<Answer, 'status' | 'body'>,
  status: number,
  code: number,
  sentence = /^\w.* .*\.$/,
): void => {
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  const error = answer.body['error'] as { code: number; message: { value: string } }
  assert.equal(error.code, code, JSON.stringify(error))
  assert.match(error.message.value, sentence)
}

export const codes = {
  invalid: 222207007,
  forbidden: 222208103,
  noUser: 222207916,
  noTenant: 222208573,
  policy: 222208400,
  duplicate: 222208401,
  lastAdministrator: 222208403,
  wrongRole: 222208404,
  unknownPermission: 222208405,
  ownAccount: 222208416,
  inUse: 222208423,
  externalService: 222208424,
  administratorOfChild: 222208425,
  administersElsewhere: 222208426,
  ownPassword: 222208427,
} as const
