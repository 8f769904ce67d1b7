import { type DataSourceSelection, parseSelection } from '#oauth/selection.ts'
import { all, type Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Caller } from '../access/caller.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { endAccess } from './ending.ts'
import { noPersonsSelection } from './machine-access.ts'

/** An application to which the user has given access. Times in milliseconds since 1970. */
export type AllowedApplication = {
  readonly id: number
  readonly name: string
  readonly ownerName: string
  readonly scope: string
  /** What the user consented to, on the page or by handing over the password; undefined where there was neither. */
  readonly selection: DataSourceSelection | undefined
  /** What the application reads by itself (client_credentials), because the user, its owner, said so. */
  readonly byItself: DataSourceSelection | undefined
  /** Undefined where no browser was sent anywhere. */
  readonly redirectHost: string | undefined
  readonly since: number
  readonly lastUsedAt: number | undefined
}

const selectionsOf = (row: {
  selection: string
  machine_selection: string | null
}): Pick<AllowedApplication, 'selection' | 'byItself'> => ({
  selection: row.selection === noPersonsSelection ? undefined : parseSelection(row.selection),
  byItself: row.machine_selection === null ? undefined : parseSelection(row.machine_selection),
})

/** What a user has allowed, and its end. */
export const createAllowedApplications = (store: Store) => {
  const { sql } = store

  function* list(userId: number): Command<readonly AllowedApplication[]> {
    const rows = yield* all(
      sql
        .selectFrom('consents as g')
        .innerJoin('client_applications as a', 'a.id', 'g.application_id')
        .innerJoin('users as o', 'o.id', 'a.owner_id')
        .leftJoin('chains as m', (join) =>
          join.onRef('m.consent_id', '=', 'g.id').on('m.grant_type', '=', 'client_credentials'),
        )
        .select('m.selection as machine_selection')
        .select([
          'a.id',
          'a.name',
          'o.user_name',
          'g.scope',
          'g.selection',
          'g.redirect_host',
          'g.created_at',
          'g.last_used_at',
        ])
        .where('g.user_id', '=', userId)
        .orderBy('a.id'),
    )
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      ownerName: row.user_name,
      scope: row.scope,
      ...selectionsOf(row),
      redirectHost: row.redirect_host === '' ? undefined : row.redirect_host,
      since: row.created_at,
      lastUsedAt: row.last_used_at ?? undefined,
    }))
  }

  return {
    list: (caller: Caller) => store.read(() => list(caller.userId)),
    /** Ends consent, codes and tokens of this user for the application, durably, before it answers. */
    revoke: async (caller: Caller, applicationId: number): Promise<void> => {
      const ended = await store.write(() =>
        endAccess(store, { applicationId, userId: caller.userId }),
      )
      if (ended === 0) throw new ManagementError(refusals.accessNotFound)
    },
    revokeAll: (caller: Caller): Promise<number> =>
      store.write(() => endAccess(store, { userId: caller.userId })),
  }
}

export type AllowedApplications = ReturnType<typeof createAllowedApplications>
