import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { checkMayChange as checkMayChangeHolder } from '../access/granting.ts'
import { readHolders } from '../access/held.ts'
import { requireStill } from '../access/still.ts'
import { type Caller, checkPermissions } from '../access/caller.ts'
import { permission } from '../access/permissions.ts'
import { isWithin, reachOf } from '../access/reach.ts'
import { pieceOf } from '../parameters.ts'
import { ManagementError, refusals } from '../refusals.ts'
import {
  canBeSetAt,
  findLimit,
  type Limit,
  type LimitLevel,
  levelBits,
  limits,
  parseLimitValue,
} from './catalogue.ts'
import { createLimitLists, type Page } from './lists.ts'
import { createLimitStore, type LimitPlace, type SetLimit } from './store.ts'

/** Whose limit it is, as the path names it. */
export type LimitOwner =
  | { readonly level: 'system' }
  | { readonly level: 'tenant'; readonly tenantId: number }
  | { readonly level: 'user'; readonly userId: number }
  | { readonly level: 'data-source'; readonly userId: number; readonly dataSourceId: number }

export type LimitValue = { readonly value: bigint }

const requireLimit = (id: number): Limit => {
  const limit = findLimit(id)
  if (limit === undefined) throw new ManagementError(refusals.limitNotFound)
  return limit
}

const levels = Object.keys(levelBits) as readonly LimitLevel[]

/** The value of a body, if the limit may have it at this level. Throws 400. */
const checkValue = (limit: Limit, level: LimitLevel, given: unknown): bigint => {
  if (!canBeSetAt(limit, level)) {
    const allowed = levels.filter((known) => canBeSetAt(limit, known)).join(', ')
    throw new ManagementError(refusals.limitNotHere, `${limit.name} has the levels: ${allowed}.`)
  }
  const value = parseLimitValue(given)
  if (value === undefined)
    throw new ManagementError(refusals.invalidInput, 'value must be a whole number.')
  if (value < limit.minValue || value > limit.maxValue)
    throw new ManagementError(
      refusals.limitOutOfRange,
      `${limit.name} takes ${limit.minValue} to ${limit.maxValue}.`,
    )
  return value
}

/** The rules of limits (management reference 5.1): who may see and set which, and where. */
export const createLimits = (store: Store) => {
  const values = createLimitStore(store)
  const lists = createLimitLists(store)
  const reachFor = (caller: Caller) => reachOf(caller, permission.limits)

  /** A user out of reach is not told from one that does not exist. */
  function* requireUser(caller: Caller, userId: number, changes = false): Command<void> {
    const tenantId = yield* values.tenantOfUser(userId)
    if (tenantId === undefined || !isWithin(reachFor(caller), tenantId))
      throw new ManagementError(refusals.userNotFound)
    if (!changes) return
    for (const holder of yield* readHolders(store, [userId])) checkMayChangeHolder(caller, holder)
  }

  /**
   * The place of a limit, when the caller may go there. Throws 404, and for a change 403 where the user holds or administers
   * what the caller does not. The tenant is read in the same command, so that one which
   * is deleted at this moment is not there.
   */
  function* requirePlace(caller: Caller, owner: LimitOwner, changes = false): Command<LimitPlace> {
    switch (owner.level) {
      case 'system':
        return { level: 'system', id: 0 }
      case 'tenant': {
        const { tenantId: id } = owner
        if (!isWithin(reachFor(caller), id) || !(yield* values.hasTenant(id)))
          throw new ManagementError(refusals.tenantNotFound)
        return { level: 'tenant', id }
      }
      case 'user':
        yield* requireUser(caller, owner.userId, changes)
        return { level: 'user', id: owner.userId }
      case 'data-source':
        yield* requireUser(caller, owner.userId, changes)
        if (!(yield* values.ownsDataSource(owner.userId, owner.dataSourceId)))
          throw new ManagementError(refusals.dataSourceOfAnother)
        return { level: 'data-source', id: owner.dataSourceId }
    }
  }

  /** What holds for everybody is changed by administrators (12) alone. Throws 403. */
  const checkMayChange = (caller: Caller, { level }: LimitOwner): void => {
    checkPermissions(caller, [level === 'system' ? permission.administrator : permission.limits])
  }

  const listSystem = (): Promise<readonly SetLimit[]> =>
    store.read(() => values.list({ level: 'system', id: 0 }))

  /** The tenants of the caller's reach, each with what is set on it. */
  const listTenants = async (caller: Caller, page: Page) =>
    pieceOf(await store.read(() => lists.ofTenants(reachFor(caller), page)), page.limit)

  /** The users of the caller's reach, each with what is set on it. */
  const listUsers = async (caller: Caller, page: Page) =>
    pieceOf(await store.read(() => lists.ofUsers(reachFor(caller), page)), page.limit)

  /** The data sources of a user, each with what is set on it. Throws 404. */
  const listDataSources = async (caller: Caller, userId: number, page: Page) => {
    const found = await store.read(function* () {
      yield* requireUser(caller, userId)
      return yield* lists.ofDataSources(userId, page)
    })
    return pieceOf(found, page.limit)
  }

  /** The value that is set exactly there. Throws 404. */
  const read = (caller: Caller, owner: LimitOwner, limitId: number): Promise<LimitValue> =>
    store.read(function* () {
      const limit = requireLimit(limitId)
      const value = yield* values.read(yield* requirePlace(caller, owner), limit.id)
      if (value === undefined) throw new ManagementError(refusals.limitNotSet)
      return { value }
    })

  /** Sets a limit, whether it was set or not. Throws 403, 404, and 400 for a value or a place that the limit does not have. */
  const set = (
    caller: Caller,
    owner: LimitOwner,
    limitId: number,
    given: unknown,
  ): Promise<LimitValue & { readonly replaced: boolean }> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      checkMayChange(caller, owner)
      const limit = requireLimit(limitId)
      const value = checkValue(limit, owner.level, given)
      const place = yield* requirePlace(caller, owner, true)
      const before = yield* values.read(place, limit.id)
      yield* values.set(place, limit.id, value)
      return { value, replaced: before !== undefined }
    })

  /** What is next in precedence holds again. Throws 403 and 404. */
  const remove = (caller: Caller, owner: LimitOwner, limitId: number): Promise<void> =>
    store.write(function* () {
      yield* requireStill(store, caller)
      checkMayChange(caller, owner)
      const limit = requireLimit(limitId)
      const place = yield* requirePlace(caller, owner, true)
      if (!(yield* values.remove(place, limit.id))) throw new ManagementError(refusals.limitNotSet)
    })

  return {
    catalogue: () => limits,
    listSystem,
    listTenants,
    listUsers,
    listDataSources,
    read,
    set,
    remove,
  }
}

export type Limits = ReturnType<typeof createLimits>
