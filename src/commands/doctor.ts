import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { databaseFile, hasKeys, openStore, planMigration } from '../open-store.ts'
import { systemClock } from '../lib/clock.ts'
import { clockOffset, clockTolerance } from '../maintenance.ts'
import { explainStartError } from '../start-errors.ts'
import { readServerFacts } from '../store/postgres/usable.ts'
import { all, first } from '../store/command.ts'
import type { Store } from '../store/store.ts'
import { readUnfinished } from '../features/sealed/rotation/record.ts'
import { type Run, refuseWords } from './command.ts'
import { describeUnfinished } from './keys.ts'

type Finding = { readonly ok: boolean; readonly text: string }

const checkDirectory = (directory: string): Finding => {
  if (!existsSync(directory))
    return { ok: false, text: `${directory} does not exist; the first start makes it.` }
  try {
    accessSync(directory, constants.R_OK | constants.W_OK)
  } catch {
    return { ok: false, text: `${directory} cannot be read and written by this user.` }
  }
  return { ok: true, text: `${directory} can be read and written.` }
}

const checkSecretFile = (file: string): Finding | undefined => {
  if (!existsSync(file)) return undefined
  const open = (statSync(file).mode & 0o077) !== 0
  return {
    ok: !open,
    text: open
      ? `${file} can be read by others: chmod 600 it.`
      : `${file} is readable by its owner alone.`,
  }
}

const checkReadable = (file: string): Finding => {
  try {
    accessSync(file, constants.R_OK)
    return { ok: true, text: `${file} can be read.` }
  } catch {
    return { ok: false, text: `${file} is not there, or cannot be read by this user.` }
  }
}

const checkStore = (store: Store): Promise<readonly Finding[]> =>
  store.read(function* () {
    const users = yield* first(
      store.sql.selectFrom('users').select((e) => e.fn.countAll<number>().as('n')),
    )
    const administrators = yield* all(
      store.sql
        .selectFrom('user_roles as ur')
        .innerJoin('role_permissions as rp', 'rp.role_id', 'ur.role_id')
        .innerJoin('users as u', 'u.id', 'ur.user_id')
        .select('u.id')
        .where('rp.permission_id', '=', 12)
        .where('u.status', '=', 1),
    )
    const rotation = yield* readUnfinished(store)
    return [
      {
        ok: true,
        text: `The database opens; its keys are the right ones; it has ${users?.n ?? 0} users.`,
      },
      {
        ok: administrators.length > 0,
        text:
          administrators.length > 0
            ? 'There is an active administrator.'
            : 'There is no active administrator.',
      },
      ...(rotation === undefined ? [] : [{ ok: false, text: describeUnfinished(rotation) }]),
    ]
  })

const checkSecurity = (config: Config): readonly Finding[] => [
  {
    ok: config.publicUrl.startsWith('https:') || config.host === '127.0.0.1',
    text: `The public URL is ${config.publicUrl}${config.publicUrl.startsWith('https:') ? '' : ' (not https: for this machine alone)'}.`,
  },
  {
    ok: config.hdp.size === 0,
    text:
      config.hdp.size === 0
        ? "None of HDP's less safe habits is on."
        : `HDP's less safe habits are on: ${[...config.hdp].join(', ')}.`,
  },
]

/** Of a database that other nodes share. */
const checkServer = async (store: Store): Promise<readonly Finding[]> => {
  const offset = await clockOffset(store, systemClock)
  if (offset === undefined) return []
  const { version, commit } = await store.read(readServerFacts)
  const seconds = Math.round(offset / 1000)
  return [
    // Where a commit may be lost the store does not open at all.
    {
      ok: true,
      text: `PostgreSQL ${version} with synchronous_commit=${commit} keeps what it acknowledges.`,
    },
    {
      ok: Math.abs(offset) <= clockTolerance,
      text: `This node's clock and the database's differ by ${Math.abs(seconds)} s${Math.abs(offset) <= clockTolerance ? '' : ': codes and tokens will be refused too early or too late; synchronise it (NTP)'}.`,
    },
  ]
}

const openAndCheck = async (config: Config): Promise<readonly Finding[]> => {
  const { pending } = await planMigration(config)
  if (pending.length > 0)
    return [
      {
        ok: false,
        text: `The database lacks ${pending.join(', ')}: run headgate migrate${config.migrate === 'auto' ? ', or let the next start do it' : ''}.`,
      },
    ]
  const { store } = await openStore(config, { mode: 'check' })
  try {
    return [...(await checkStore(store)), ...(await checkServer(store))]
  } finally {
    await store.close()
  }
}

/** Nothing is migrated or made here; what stops a start is a finding. */
const checkDatabase = async (config: Config): Promise<readonly Finding[]> => {
  if (!hasKeys(config))
    return [
      {
        ok: false,
        text: `The keys of the database are not in ${join(config.dataDir, 'keys')}: bring keys/master and keys/pepper back.`,
      },
    ]
  try {
    return await openAndCheck(config)
  } catch (error) {
    const explained = explainStartError(error, config)
    return [{ ok: false, text: explained instanceof Error ? explained.message : String(explained) }]
  }
}

/** What lies on this machine when the store is the embedded one. */
const checkEmbedded = (config: Config): readonly Finding[] => [
  checkDirectory(config.dataDir),
  ...['keys/master', 'keys/pepper', 'keys/environment', 'initial-passwords', 'headgate.db']
    .map((name) => checkSecretFile(join(config.dataDir, name)))
    .filter((finding) => finding !== undefined),
]

/** Looks at configuration, files and database, and says what it finds; exit code 1 when something is wrong. */
export const doctor: Run = async ({ args, config, output }) => {
  refuseWords(args, 'doctor')
  const tls = config.tls === undefined ? [] : [config.tls.cert, config.tls.key].map(checkReadable)
  const embedded = config.database === undefined
  const findings: Finding[] = [
    ...tls,
    ...(embedded ? checkEmbedded(config) : []),
    ...checkSecurity(config),
  ]
  if (!embedded || existsSync(databaseFile(config.dataDir)))
    findings.push(...(await checkDatabase(config)))
  for (const finding of findings) output.line(`${finding.ok ? 'ok   ' : 'look '} ${finding.text}`)
  if (findings.some((finding) => !finding.ok)) process.exitCode = 1
}
