import { type Command, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { createUpstreamTokenStore } from '../upstream-tokens/store.ts'
import type { TokenOwner } from '../upstream-tokens/token.ts'
import type { DataSource } from './data-source.ts'
import { serverOf } from './options.ts'
import type { SecretOptions } from './secrets.ts'

/** A data source with its secrets; undefined where they do not open. */
export type WholeSource = {
  readonly source: Pick<DataSource, 'id' | 'options' | 'oauthProfileId'>
  readonly secrets: SecretOptions | undefined
}

/** What a token request is made of; a token by the client's own credentials, or one that was given alone, is bound to all of it. */
const parameters = ['TokenURI', 'ClientId', 'ClientSecret', 'Scope', 'AccessToken', 'RefreshToken']

const optionOf = ({ source, secrets }: WholeSource, name: string): string =>
  secrets?.[name] ?? source.options[name] ?? ''

const differ = (one: WholeSource, other: WholeSource, names: readonly string[]): boolean =>
  names.some((name) => optionOf(one, name) !== optionOf(other, name))

/** Whether tokens that were had by the first are none of the second. */
const areOthers = (before: WholeSource, after: WholeSource): boolean => {
  if (before.source.oauthProfileId !== after.source.oauthProfileId) return true
  if (optionOf(after, 'RefreshToken') === '') return differ(before, after, parameters)
  // What a refresh token has brought is not to be had again: it stays with its client and server, as that of a profile does.
  const [server, next] = [before, after].map((whole) => serverOf(optionOf(whole, 'TokenURI')))
  return server !== next || differ(before, after, ['ClientId', 'RefreshToken'])
}

/** The tokens that data sources have by parameters of their own (OAuth reference D.4). */
export const createOwnTokens = (store: Store, sealed: SealedValues) => {
  const { sql } = store
  const tokens = createUpstreamTokenStore(store, sealed)

  /**
   * What a change of a data source means for its tokens; a command. They stay as long as they are what its parameters lead to: the
   * refresh token may have been exchanged for one that nobody else knows. Where tokens are sent that there are already, and
   * those that came of them are no good, it begins anew with them.
   */
  function* follow(before: WholeSource, after: WholeSource, sent: SecretOptions): Command<void> {
    const owner: TokenOwner = { kind: 'data-source', id: after.source.id }
    const token = yield* tokens.readLocked(owner)
    if (token === undefined) return
    const brings = sent['AccessToken'] !== undefined || sent['RefreshToken'] !== undefined
    const isGood = token.state === 'ready' && (yield* tokens.open(token)) !== undefined
    if (areOthers(before, after) || (brings && !isGood))
      yield* run(sql.deleteFrom('upstream_tokens').where('id', '=', token.id))
    else if (differ(before, after, ['TokenURI', 'ClientSecret']))
      // What an administrator had to mend may be mended: it is tried at once.
      yield* run(
        sql
          .updateTable('upstream_tokens')
          .set({ retry_at: null, failures: 0 })
          .where('id', '=', token.id),
      )
  }

  return { follow }
}
