import { setTimeout as sleep } from 'node:timers/promises'
import { seconds } from '#lib/clock.ts'
import { Unavailable } from '#lib/refusal.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { DataKeyId } from '#vault/envelope.ts'
import type { Key, KeyRing } from '#vault/keys.ts'
import { sealedColumns } from '../places.ts'
import { createUnwrapping } from '../unwrapping.ts'
import { addDataKeys, beforeAll, deleteOldKeys, renewFirstKeys, rewrapBatch } from './keys.ts'
import { finishRotation, type Rotation } from './record.ts'
import { type Batch, countValues, resealBatch, type Unopened, unopenedKey } from './reseal.ts'

/** How far a rotation is: values that are under the new keys, of all that there are. */
export type Progress = { readonly done: number; readonly total: number }

export type RotateDeps = {
  readonly store: Store
  readonly ring: KeyRing
  readonly now: () => number
  /** Ends the run between two steps. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export type Outcome = Progress & {
  /** What did not open when everything else was under the new keys: it was altered, and stays as it is. */
  readonly unopened: readonly Unopened[]
  /** Whether another run has brought the rotation to its end, and has told what did not open. */
  readonly overtaken: boolean
}

/** Somebody wanted the run to end; the rotation goes on with the next one. */
export class RotationStopped extends Error {
  readonly progress: Progress
  constructor(progress: Progress) {
    super('The rotation was stopped.')
    this.progress = progress
  }
}

/** Another run has ended this rotation meanwhile, or gone on with it to another master key. */
class Overtaken extends Error {}

/** Seconds that a step waits for a database that is locked, full or gone, before the run gives up. */
const patience = 60
/** Values are found under an old key because of who began to seal before; that ends. */
const mostPasses = 50

type Isolation = 'serializable' | 'row-locks'

/** Runs the steps of a rotation, each a command of its own, so that a server beside it hardly notices. */
const createSteps = ({ store, signal }: RotateDeps, progress: () => Progress) => {
  const attempt = async <T>(
    command: () => Command<T | undefined>,
    isolation: Isolation,
  ): Promise<T> => {
    const done = await store.write(command, { isolation })
    if (done === undefined) throw new Overtaken()
    return done
  }
  return async <T>(
    command: () => Command<T | undefined>,
    isolation: Isolation = 'row-locks',
  ): Promise<T> => {
    for (let tries = 1; ; tries += 1) {
      if (signal.aborted) throw new RotationStopped(progress())
      const began = performance.now()
      try {
        const done = await attempt(command, isolation)
        // Half of the time belongs to the others: on the embedded store there is one writer.
        await sleep(performance.now() - began)
        return done
      } catch (error) {
        if (!(error instanceof Unavailable) || tries >= patience) throw error
        await sleep(seconds(1))
      }
    }
  }
}

const count = async ({ store }: RotateDeps, rotation: Rotation): Promise<Progress> => {
  const counts = await store.read(function* () {
    const found: Progress[] = []
    for (const column of sealedColumns) found.push(yield* countValues(store, column, rotation))
    return found
  })
  return {
    done: counts.reduce((sum, { done }) => sum + done, 0),
    total: counts.reduce((sum, { total }) => sum + total, 0),
  }
}

/** A data key that does not open is met once for each value. */
const withoutRepeats = (list: readonly Unopened[]): readonly Unopened[] => [
  ...new Map(list.map((each) => [JSON.stringify(each), each])).values(),
]

/** The rotation in its order; every part may be repeated. */
const createParts = (deps: RotateDeps, rotation: Rotation, begun: Progress) => {
  const { store, ring, now, onProgress } = deps
  const master: Key | undefined = ring.masters.find(rotation.masterKeyId)
  if (master === undefined) throw new Error(`There is no master key ${rotation.masterKeyId}.`)
  const unwrap = createUnwrapping(ring.masters, now)
  let { done } = begun
  const progress = (): Progress => ({ done, total: Math.max(begun.total, done) })
  const step = createSteps(deps, progress)

  const addKeys = async (): Promise<void> => {
    const add = () => addDataKeys(store, { rotation, master }, now())
    while ((await step(add, 'serializable')) > 0);
  }

  /** Once over all columns; answers what did not open, and whether there was anything else left to do. */
  const pass = async () => {
    const unopened: Unopened[] = []
    let clean = true
    for (const sealed of sealedColumns) {
      let after: Batch['last']
      do {
        const from = { sealed, after }
        const batch = await step(() => resealBatch(store, { unwrap, rotation }, from))
        clean &&= batch.changed === 0 && !batch.again
        done += batch.changed
        unopened.push(...batch.unopened)
        after = batch.last
        onProgress(progress())
      } while (after !== undefined)
    }
    return { unopened: withoutRepeats(unopened), clean }
  }

  const reseal = async (): Promise<readonly Unopened[]> => {
    for (let passes = 1; passes <= mostPasses; passes += 1) {
      await addKeys()
      const { unopened, clean } = await pass()
      if (clean) return unopened
    }
    throw new Error(
      'Values under older keys turn up again and again: is a node of an older release running? End it, and run `headgate keys rotate` again.',
    )
  }

  const rewrap = async (): Promise<readonly Unopened[]> => {
    const unopened: Unopened[] = []
    for (let changed = 1; changed > 0; ) {
      unopened.length = 0
      changed = 0
      let after: DataKeyId | undefined = beforeAll
      while (after !== undefined) {
        const from: DataKeyId = after
        const batch = await step(() =>
          rewrapBatch(store, { masters: ring.masters, rotation, master }, from),
        )
        changed += batch.changed
        unopened.push(...batch.unopened.map(unopenedKey))
        after = batch.last
      }
    }
    return unopened
  }

  const removeOldKeys = async (): Promise<void> => {
    let after = 0
    do {
      const from = after
      after = await step(() => renewFirstKeys(store, { rotation, master }, from))
    } while (after > 0)
    await step(() => deleteOldKeys(store, rotation))
  }

  const end = async (whole: boolean): Promise<void> => {
    // What did not open may be under any key, and somebody may know how to mend it.
    if (whole) await removeOldKeys()
    await step(() => finishRotation(store, rotation, now()))
  }

  return { reseal, rewrap, end, progress }
}

/**
 * Makes new data keys for all tenants, seals under them whatever is sealed, wraps all data keys by the master key of the
 * rotation, and deletes data keys that nothing is under any more. Servers may go on meanwhile; a run that ends early is taken up by
 * the next one. Throws `RotationStopped` when it was told to end, and `Unavailable` when the database cannot be reached.
 */
export const rotate = async (deps: RotateDeps, rotation: Rotation): Promise<Outcome> => {
  const parts = createParts(deps, rotation, await count(deps, rotation))
  try {
    const unopened = [...(await parts.reseal()), ...(await parts.rewrap())]
    await parts.end(unopened.length === 0)
    return { ...parts.progress(), unopened, overtaken: false }
  } catch (error) {
    if (!(error instanceof Overtaken)) throw error
    return { ...(await count(deps, rotation)), unopened: [], overtaken: true }
  }
}
