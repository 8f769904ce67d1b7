import type { Clock } from '#lib/clock.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Caller } from '../access/caller.ts'
import {
  authorizeMachine,
  foreignSource,
  machineAccessStands,
  type MachineOwner,
} from '../authorizations/machine-access.ts'
import { ManagementError, type RefusalRow, refusals } from '../refusals.ts'
import type { Application } from './application.ts'

const ownerOf = (application: Application): MachineOwner => ({
  applicationId: application.id,
  ownerId: application.ownerId,
})

/** An application before and after a PUT, and whether the body named the list. */
export type MachineChange = {
  readonly before: Application
  readonly after: Application
  readonly setsDataSources: boolean
}

const differs = (before: Application, after: Application): boolean => {
  const was = new Set(before.dataSources)
  return was.size !== after.dataSources.length || after.dataSources.some((id) => !was.has(id))
}

/** Applications that act by themselves (client_credentials): who lets them, and what a reset leaves (DESIGN invariant 12). */
export const createMachineClients = (deps: { readonly store: Store; readonly clock: Clock }) => {
  const { store } = deps

  const grant = (application: Application): Command<void> =>
    authorizeMachine(store, { ...ownerOf(application), ...application }, deps.clock.now())

  /** Lets an application that is registered now read what it lists; only data sources of its owner. */
  function* authorize(caller: Caller, application: Application, row: RefusalRow): Command<void> {
    if (caller.userId !== application.ownerId)
      throw new ManagementError(
        row,
        'Only the owner may say what the application reads by itself (dataSources, client_credentials).',
      )
    const foreign = yield* foreignSource(store, caller.userId, application.dataSources)
    if (foreign !== undefined)
      throw new ManagementError(row, `dataSources: you have no data source ${foreign}.`)
    yield* grant(application)
  }

  /**
   * What a PUT means: another list is for the owner to set. The same list is no change, so that a body which was read and
   * sent back ends nothing; sent by the owner, it renews what has been ended meanwhile.
   */
  function* change(caller: Caller, of: MachineChange): Command<void> {
    const { before, after, setsDataSources } = of
    if (!after.grantTypes.includes('client_credentials')) return
    if (!before.grantTypes.includes('client_credentials') || differs(before, after))
      return yield* authorize(caller, after, refusals.applicationNotUpdated)
    const renews = setsDataSources && caller.userId === after.ownerId
    if (renews && !(yield* machineAccessStands(store, ownerOf(after))))
      yield* authorize(caller, after, refusals.applicationNotUpdated)
  }

  /** Ends all access; what the owner lets the application do by itself goes on, but with no token of before. */
  function* endAndRenew(application: Application, end: () => Command<unknown>): Command<void> {
    const stood = yield* machineAccessStands(store, ownerOf(application))
    yield* end()
    if (stood) yield* grant(application)
  }

  return { authorize, change, endAndRenew }
}

export type MachineClients = ReturnType<typeof createMachineClients>
