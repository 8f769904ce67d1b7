import { openStore } from '../open-store.ts'
import { type EndedTokens, endAllTokens } from '../features/authorizations/ending.ts'
import { type Run, refuseWords } from './command.ts'

/** What ended, as a sentence. */
export const describeEnded = (ended: EndedTokens): string =>
  `Ended: ${ended.authorizations} authorizations with their tokens, ${ended.machineTokens} tokens of machine clients, ${ended.sessions} sessions; ${ended.consents} remembered consents will be asked again. Machine clients get new tokens by themselves, with the secrets that the database holds; a client that must not is to be disabled or reset.`

/** For whoever has restored a PostgreSQL: tokens that were revoked after the backup would be good again. */
export const endTokens: Run = async ({ args, config, output }) => {
  refuseWords(args, 'admin end-tokens')
  const { store } = await openStore(config)
  try {
    output.line(describeEnded(await endAllTokens(store)))
  } finally {
    await store.close()
  }
}
