import { Secret } from '#lib/secret.ts'
import { type Command, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Place } from '#vault/envelope.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { isSameServer, type OAuthApplication, type SentOAuthApplication } from './application.ts'

/** Where a secret lies (DESIGN invariant 6): a ciphertext of another row, tenant or revision does not open (T74). */
const placeOf = ({ id, tenantId, revision }: OAuthApplication): Place => ({
  tenantId,
  table: 'oauth_applications',
  rowId: String(id),
  column: 'client_secret',
  generation: revision,
})

/** The client secrets of OAuth applications: always sealed, because the data store wants them again. Each function is a command. */
export const createOAuthSecrets = ({ sql }: Store, sealed: SealedValues) => {
  /** What is stored as the secret of an application, opened; undefined when it was not sealed for it in this revision. */
  function* openText(
    application: OAuthApplication,
    stored: string | null | undefined,
  ): Command<Secret | undefined> {
    const text =
      typeof stored === 'string' ? yield* sealed.open(placeOf(application), stored) : undefined
    return text === undefined ? undefined : new Secret(text)
  }

  /** The secret, or undefined when what is stored was not sealed for this application in this revision. */
  function* open(application: OAuthApplication): Command<Secret | undefined> {
    const row = yield* first(
      sql.selectFrom('oauth_applications').select('client_secret').where('id', '=', application.id),
    )
    return yield* openText(application, row?.client_secret)
  }

  /** Seals the secret for the application as it is now. */
  function* write(application: OAuthApplication, secret: Secret): Command<void> {
    yield* run(
      sql
        .updateTable('oauth_applications')
        .set({ client_secret: yield* sealed.seal(placeOf(application), secret.reveal()) })
        .where('id', '=', application.id),
    )
  }

  /** The secret that a change leaves: the one sent, else the one there is, as long as it stays with its server. */
  function* after(before: OAuthApplication, sent: SentOAuthApplication): Command<Secret> {
    if (sent.clientSecret !== undefined) return sent.clientSecret
    // Who cannot read the secret must not have it delivered to a server of their choice either.
    if (!isSameServer(before.tokenUri, sent.tokenUri))
      throw new ManagementError(
        refusals.secretForOtherServer,
        'The stored one is kept for the server of the tokenURI that there is.',
      )
    const kept = yield* open(before)
    if (kept === undefined)
      throw new ManagementError(refusals.oauthSecretUnreadable, 'Send clientSecret again.')
    return kept
  }

  return { open, openText, write, after }
}
