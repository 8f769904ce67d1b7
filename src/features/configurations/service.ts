import { type Command, all, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { requireStill } from '../access/still.ts'
import { type Caller, checkPermissions } from '../access/caller.ts'
import { permission } from '../access/permissions.ts'
import { isSystemCaller } from '../access/reach.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { type Configuration, configurations } from './configuration.ts'

export type ConfigurationValue = {
  readonly id: number
  readonly description: string
  readonly value: string
}

const requireKnown = (id: number): Configuration => {
  const known = configurations.find((configuration) => configuration.id === id)
  if (known === undefined) throw new ManagementError(refusals.configurationNotFound)
  return known
}

const checkValue = ({ values }: Configuration, value: string | null): string => {
  if (value === null || !values.includes(value))
    throw new ManagementError(
      refusals.invalidInput,
      `value must be ${values.map((each) => `"${each}"`).join(' or ')}.`,
    )
  return value
}

/** What counts in every tenant is not changed from inside one of them (T67). */
const checkMayConfigure = (caller: Caller): void => {
  checkPermissions(caller, [permission.configurations])
  if (!isSystemCaller(caller) && !caller.permissions.has(permission.administrator))
    throw new ManagementError(
      refusals.forbidden,
      'Only users of the system tenant change configurations.',
    )
}

/** The settings of the system (management reference 5.4). */
export const createConfigurations = (store: Store) => {
  const { sql } = store

  function* readSet(): Command<ReadonlyMap<number, string>> {
    const rows = yield* all(sql.selectFrom('configurations').select(['id', 'value']))
    return new Map(rows.flatMap(({ id, value }) => (value === null ? [] : [[id, value] as const])))
  }

  /** The value in force. */
  function* valueOf({ id, initial }: Configuration): Command<string> {
    return (yield* readSet()).get(id) ?? initial
  }

  const shown = (of: Configuration, set: ReadonlyMap<number, string>): ConfigurationValue => ({
    id: of.id,
    description: of.description,
    value: set.get(of.id) ?? of.initial,
  })

  const list = (): Promise<readonly ConfigurationValue[]> =>
    store.read(function* () {
      const set = yield* readSet()
      return configurations.map((each) => shown(each, set))
    })

  /** Throws 404. */
  const read = (id: number): Promise<ConfigurationValue> => {
    const known = requireKnown(id)
    return store.read(function* () {
      return shown(known, yield* readSet())
    })
  }

  /** Throws 403 for users of other tenants than the system tenant, 404, and 400 naming the values that there are. */
  const update = async (
    caller: Caller,
    id: number,
    given: string | null,
  ): Promise<ConfigurationValue> => {
    checkMayConfigure(caller)
    const known = requireKnown(id)
    const value = checkValue(known, given)
    await store.write(function* () {
      yield* requireStill(store, caller)
      yield* run(
        sql
          .insertInto('configurations')
          .values({ id, value })
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ value })),
      )
    })
    return shown(known, new Map([[id, value]]))
  }

  return { valueOf, list, read, update }
}

export type Configurations = ReturnType<typeof createConfigurations>
