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
import { ManagementError, type RefusalRow } from '../refusals.ts'
import type { Application } from './application.ts'

const ownerOf = (application: Application): MachineOwner => ({
  applicationId: application.id,
  ownerId: application.ownerId,
})

/** Applications that act by themselves (client_credentials): who lets them, and what a reset leaves (DESIGN invariant 12). */
export const createMachineClients = (deps: { readonly store: Store; readonly clock: Clock }) => {
  const { store } = deps

  const grant = (application: Application): Command<void> =>
    authorizeMachine(store, { ...ownerOf(application), ...application }, deps.clock.now())

  /** Lets the application read what it lists; only its owner may, and only data sources of the owner. */
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

  /** Ends all access; what the owner lets the application do by itself goes on, with the new secret and no old token. */
  function* endAndRenew(application: Application, end: () => Command<unknown>): Command<void> {
    const stood = yield* machineAccessStands(store, ownerOf(application))
    yield* end()
    if (stood) yield* grant(application)
  }

  return { authorize, endAndRenew }
}

export type MachineClients = ReturnType<typeof createMachineClients>
