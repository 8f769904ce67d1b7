import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { requireStillFor } from '../access/acting.ts'
import { permission } from '../access/permissions.ts'
import { type ActingFor, checkSourcePermissions } from '../access/source-permissions.ts'
import { requireStill } from '../access/still.ts'
import type { UserStore } from '../users/store.ts'
import type { DataSource } from './data-source.ts'
import type { DataSourceStore } from './store.ts'

const counting = ({ subject }: ActingFor, set: readonly number[] | undefined) =>
  [...(set ?? subject.permissions)].sort((a, b) => a - b)

/** The permissions that are set on a data source (management reference 1.3, 4.4). */
export const createSetPermissions = (deps: {
  readonly store: Store
  readonly users: UserStore
  readonly dataSources: DataSourceStore
  readonly require: (by: ActingFor, id: number, needed: number) => Command<DataSource>
}) => {
  /** What is set on a data source, else what its owner holds; ascending. Throws 404, and 403 as reading. */
  const readPermissions = (by: ActingFor, id: number): Promise<readonly number[]> =>
    deps.store.read(function* () {
      const { permissions } = yield* deps.require(by, id, permission.viewDataSource)
      return counting(by, permissions)
    })

  /**
   * Sets what counts on a data source; undefined leaves it to what the owner holds again. Answers what counts then. Throws
   * 404, 400 for the owner alone and for what cannot be set, 403 for what the caller lacks.
   */
  const setPermissions = (
    by: ActingFor,
    id: number,
    permissions: readonly number[] | undefined,
  ): Promise<readonly number[]> =>
    deps.store.write(function* () {
      yield* requireStill(deps.store, by.caller)
      yield* requireStillFor(deps.users, by)
      yield* deps.require(by, id, permission.modifyDataSource)
      const checked = checkSourcePermissions(by, permissions ?? [])
      const set = permissions && checked
      yield* deps.dataSources.setPermissions(id, set)
      return counting(by, set)
    })

  return { readPermissions, setPermissions }
}
