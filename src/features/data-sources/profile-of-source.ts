import { type Command, first } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { profileOption } from './options.ts'

/**
 * Checks that a data source may use a profile: it is its owner's, for the same data store. Throws 222207002 for any other, which
 * is not told from one that does not exist.
 */
export function* requireProfile(
  { sql }: Store,
  profileId: number,
  source: { readonly ownerId: number; readonly dataStore: number },
): Command<void> {
  const row = yield* first(
    sql
      .selectFrom('oauth_profiles as p')
      .innerJoin('oauth_applications as a', 'a.id', 'p.application_id')
      .select('p.id')
      .where('p.id', '=', profileId)
      .where('p.owner_id', '=', source.ownerId)
      .where('a.data_store', '=', source.dataStore),
  )
  if (row === undefined)
    throw new ManagementError(
      refusals.invalidOption,
      `${profileOption} ${profileId} is not an OAuth profile of the owner for this data store.`,
    )
}
