import { join } from 'node:path'
import type { Config } from '../../config.ts'
import type { OpenedStore } from '../../open-store.ts'
import { readKnownMasters, readMasterFacts } from '../../features/sealed/rotation/facts.ts'
import { beginRotation, type Rotation } from '../../features/sealed/rotation/record.ts'
import {
  type Outcome,
  type Progress,
  rotate,
  RotationStopped,
} from '../../features/sealed/rotation/rotate.ts'
import { checkKeys } from '../../features/setup/key-check.ts'
import { timestamp } from '../../features/timestamp.ts'
import { systemClock } from '../../lib/clock.ts'
import { addKeyToFile } from '../../vault/key-files.ts'
import type { Output } from '../command.ts'

/** Keys that the embedded store made for itself; it makes the next one as well. */
const areGenerated = (config: Config): boolean => config.masterKeys === undefined

/** An id that no master key of this store has, or has had: `g` and a number. */
const nextId = (ids: readonly string[]): string => {
  const numbers = ids.map((id) => Number(/^g(\d{1,9})$/.exec(id)?.[1] ?? 0))
  return `g${Math.max(0, ...numbers) + 1}`
}

/**
 * Sees to it that the rotation's master key is there and the newest. A generated one is made now: the rotation's row names it
 * before it exists, so that a run which is interrupted in between makes no second one.
 */
const ensureMaster = async (
  { store, ring }: OpenedStore,
  config: Config,
  { masterKeyId, startedAt }: Rotation,
): Promise<void> => {
  if (areGenerated(config)) addKeyToFile(config.dataDir, 'master', masterKeyId)
  const { id } = ring.masters.newest()
  if (id !== masterKeyId)
    throw new Error(
      `The rotation that began at ${timestamp(startedAt)} UTC is to the master key ${masterKeyId}, but the first of ${areGenerated(config) ? join(config.dataDir, 'keys', 'master') : 'HEADGATE_MASTER_KEYS'} is ${id}. Put ${masterKeyId} first, run headgate keys rotate to its end, and rotate again afterwards.`,
    )
  await checkKeys(store, ring)
}

const begin = async ({ store, ring }: OpenedStore, config: Config, output: Output) => {
  const newest = ring.masters.newest().id
  const { rotation, resumed } = await store.write(function* () {
    const known = [...ring.masters.list().map(({ id }) => id), ...(yield* readKnownMasters(store))]
    const wanted = areGenerated(config) ? nextId(known) : newest
    const isHere = (id: string): boolean => ring.masters.find(id) !== undefined
    return yield* beginRotation(store, { wanted, isHere }, systemClock.now())
  })
  output.line(
    resumed
      ? `Going on with the rotation to the master key ${rotation.masterKeyId} that began at ${timestamp(rotation.startedAt)} UTC.`
      : `Rotating to the master key ${rotation.masterKeyId}.`,
  )
  return rotation
}

const number = new Intl.NumberFormat('en')
const describe = ({ done, total }: Progress): string =>
  `${number.format(done)} of ${number.format(total)} values under the new keys`

/** Milliseconds between two lines. */
const betweenLines = 3000

/** Says every few seconds how far it is. */
const createTeller = (output: Output) => {
  let told = performance.now()
  return (progress: Progress): void => {
    if (performance.now() - told < betweenLines) return
    told = performance.now()
    output.line(`${describe(progress)} …`)
  }
}

/** Ctrl+C, or whoever stops the machine, ends the run between two steps. */
const untilSignal = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, stop)
  try {
    return await work(controller.signal)
  } catch (error) {
    if (!(error instanceof RotationStopped)) throw error
    throw new Error(
      `Stopped with ${describe(error.progress)}. Run headgate keys rotate again to go on.`,
      { cause: error },
    )
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}

/** So many of them are named. */
const mostNamed = 20

const tellUnopened = ({ unopened }: Outcome, output: Output): void => {
  for (const { table, column, rowId } of unopened.slice(0, mostNamed))
    output.error(`${table}.${column} of ${rowId} does not open: it was altered. It stays as it is.`)
  if (unopened.length > mostNamed)
    output.error(`… and ${number.format(unopened.length - mostNamed)} more.`)
  output.error(
    `${number.format(unopened.length)} values do not open and were left alone; old keys are kept. Enter these secrets again, or restore them from a backup.`,
  )
}

const tellMasters = async (
  { store, ring }: OpenedStore,
  config: Config,
  output: Output,
): Promise<void> => {
  const masters = await store.read(() => readMasterFacts(store, ring))
  if (areGenerated(config))
    output.line(
      `Keep a copy of ${join(config.dataDir, 'keys', 'master')} elsewhere, in place of the one before: backups from now on need it. Its older keys stay in it, for older backups.`,
    )
  const idle = masters.filter(({ dataKeys }, index) => index > 0 && dataKeys === 0)
  if (idle.length > 0 && !areGenerated(config))
    output.line(
      `Not used any more, and may be removed from HEADGATE_MASTER_KEYS on every node: ${idle.map(({ id }) => id).join(', ')}. Keep them for backups from before.`,
    )
}

/**
 * Begins a rotation, or goes on with one, and runs it to its end beside whatever servers there are. Says how far it is; what
 * did not open is told at the end, with exit code 1.
 */
export const rotateKeys = async (
  opened: OpenedStore,
  config: Config,
  output: Output,
): Promise<void> => {
  const rotation = await begin(opened, config, output)
  await ensureMaster(opened, config, rotation)
  const outcome = await untilSignal((signal) =>
    rotate({ ...opened, now: systemClock.now, signal, onProgress: createTeller(output) }, rotation),
  )
  output.line(
    outcome.overtaken
      ? 'Another run has gone on with this rotation; this one has nothing left to do.'
      : `${describe(outcome)}. The rotation is finished.`,
  )
  if (outcome.unopened.length > 0) {
    tellUnopened(outcome, output)
    process.exitCode = 1
  }
  await tellMasters(opened, config, output)
}
