import { first } from '#store/command.ts'
import type { Store } from '#store/store.ts'

/** What a user is told of an application before giving it access. `registeredAt` in milliseconds since 1970. */
export type ApplicationFacts = (applicationId: number) => Promise<
  | {
      readonly name: string
      readonly description: string
      readonly ownerName: string
      readonly registeredAt: number
    }
  | undefined
>

export const createApplicationFacts =
  (store: Store): ApplicationFacts =>
  (applicationId) =>
    store.read(function* () {
      const row = yield* first(
        store.sql
          .selectFrom('client_applications as a')
          .innerJoin('users as o', 'o.id', 'a.owner_id')
          .select(['a.name', 'a.description', 'a.created_at', 'o.user_name'])
          .where('a.id', '=', applicationId),
      )
      return (
        row && {
          name: row.name,
          description: row.description,
          ownerName: row.user_name,
          registeredAt: row.created_at,
        }
      )
    })
