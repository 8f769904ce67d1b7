import type { RawBuilder } from 'kysely'
import { sql as raw } from 'kysely'
import type { DataSourceSelection } from '#oauth/selection.ts'
import { odataScope } from '#oauth/scope.ts'
import { type Command, all, run } from '#store/command.ts'
import { people, type TestApp } from '#test/support/app.ts'
import { createPkce, type Registered, redeem, type TokenAnswer } from '#test/support/oauth.ts'

/** Runs one statement on the system store, for what no endpoint does yet. */
export const execute = (app: TestApp, statement: RawBuilder<unknown>): Promise<number> =>
  app.core.store.write(() => run({ compile: () => statement.compile(app.core.store.sql) } as never))

/** Reads rows of the system store. */
export const rows = (app: TestApp, statement: RawBuilder<unknown>): Promise<readonly unknown[]> =>
  app.core.store.read(function* (): Command<readonly unknown[]> {
    return yield* all({ compile: () => statement.compile(app.core.store.sql) } as never)
  })

export const userIdOf = async (app: TestApp, name: string = people.user.name): Promise<number> => {
  const user = await app.core.store.read(() => app.core.users.readByName(name))
  if (user === undefined) throw new Error(`there is no user ${name}`)
  return user.id
}

/** Everything that a user has, as a consent with all boxes ticked. */
export const everything: DataSourceSelection = { kind: 'all-but', ids: [] }

export type Minted = { readonly code: string; readonly verifier: string }

/** A code as the consent page would give it out, without the pages: PKCE unless told otherwise. */
export const mintCode = async (
  app: TestApp,
  client: Registered,
  options: { readonly selection?: DataSourceSelection; readonly pkce?: boolean } = {},
): Promise<Minted> => {
  const { verifier, challenge } = createPkce()
  const known = await app.core.clients.readClient(client.clientId)
  if (known === undefined) throw new Error('there is no such client')
  const code = await app.core.consents.issueCode(
    {
      userId: await userIdOf(app),
      client: known,
      request: {
        clientId: client.clientId,
        redirectUri: client.redirectUri,
        scope: odataScope,
        state: undefined,
        codeChallenge: options.pkce === false ? undefined : challenge,
      },
    },
    { scope: odataScope, selection: options.selection ?? everything },
    function* () {},
  )
  return { code, verifier }
}

export const redeemMinted = (
  app: TestApp,
  client: Registered,
  minted: Minted,
  more: Record<string, string> = {},
): Promise<TokenAnswer> =>
  redeem(app, client, minted.code, { code_verifier: minted.verifier, ...more })

/** Tokens of a fresh chain, without the pages. */
export const mintTokens = async (
  app: TestApp,
  client: Registered,
  options: { readonly selection?: DataSourceSelection } = {},
): Promise<TokenAnswer['body']> => {
  const answer = await redeemMinted(app, client, await mintCode(app, client, options))
  if (answer.status !== 200) throw new Error(`redeem: ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** Asks the revocation endpoint; answers the status. */
export const revoke = async (
  app: TestApp,
  client: Registered,
  token: string,
  more: Record<string, string> = {},
): Promise<number> => {
  const response = await fetch(`${app.url}/oauth2/revoke`, {
    method: 'POST',
    body: new URLSearchParams({
      token,
      client_id: client.clientId,
      ...(client.clientSecret === undefined ? {} : { client_secret: client.clientSecret }),
      ...more,
    }),
  })
  await response.arrayBuffer()
  return response.status
}

export { raw }
