import { existsSync } from 'node:fs'
import type { Config } from '../config.ts'
import { databaseFile, openStore } from '../open-store.ts'
import { type MasterFact, readMasterFacts } from '../features/sealed/rotation/facts.ts'
import { readUnfinished, type Rotation } from '../features/sealed/rotation/record.ts'
import { timestamp } from '../features/timestamp.ts'
import { lockKeys } from '../store/serve-lock.ts'
import { type Run, refuseWords, UsageError } from './command.ts'
import { rotateKeys } from './keys/rotate.ts'

/** Neither command is a first start. */
const requireDatabase = (config: Config): void => {
  if (config.database === undefined && !existsSync(databaseFile(config.dataDir)))
    throw new Error(`There is no database in ${config.dataDir}; check HEADGATE_DATA_DIR.`)
}

const describeMaster = ({ id, dataKeys, here }: MasterFact, index: number): string =>
  [
    `master key ${id}: wraps ${dataKeys} data ${dataKeys === 1 ? 'key' : 'keys'}`,
    ...(index === 0 ? ['wraps new ones'] : []),
    ...(here ? [] : ['is not here']),
  ].join(', ')

/** What there is to say of a rotation that has not ended. */
export const describeUnfinished = ({ masterKeyId, startedAt }: Rotation): string =>
  `The rotation to the master key ${masterKeyId} that began at ${timestamp(startedAt)} UTC is not finished: unless it is running, run headgate keys rotate to go on with it.`

/** Which master keys there are, and what they are good for. */
export const keys: Run = async ({ args, config, output }) => {
  const [word, ...others] = args
  if (others.length > 0 || (word !== undefined && word !== 'list'))
    throw new UsageError('Usage: npm run headgate -- keys [list | rotate]')
  requireDatabase(config)
  const { store, ring } = await openStore(config)
  try {
    const [masters, unfinished] = await store.read(function* () {
      return [yield* readMasterFacts(store, ring), yield* readUnfinished(store)] as const
    })
    for (const [index, master] of masters.entries()) output.line(describeMaster(master, index))
    output.line(
      unfinished === undefined ? 'No rotation is unfinished.' : describeUnfinished(unfinished),
    )
  } finally {
    await store.close()
  }
}

/** Everything sealed under new keys, beside servers that run. */
export const rotate: Run = async ({ args, config, output }) => {
  refuseWords(args, 'keys rotate')
  requireDatabase(config)
  // On PostgreSQL, where the keys are the operator's, two runs work on one rotation.
  const unlock = config.database === undefined ? lockKeys(config.dataDir) : undefined
  try {
    const opened = await openStore(config)
    try {
      await rotateKeys(opened, config, output)
    } finally {
      await opened.store.close()
    }
  } finally {
    unlock?.()
  }
}
