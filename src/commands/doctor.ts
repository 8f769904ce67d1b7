import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../core.ts'
import type { Config } from '../config.ts'
import { all, first } from '../store/command.ts'
import type { Store } from '../store/store.ts'
import { type Command, refuseWords } from './command.ts'

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

/** Looks at configuration, files and database, and says what it finds; exit code 1 when something is wrong. */
export const doctor: Command = {
  name: ['doctor'],
  usage: 'doctor',
  summary: 'look for what is wrong, and say what to do',
  run: async ({ args, config, output }) => {
    refuseWords(args, 'doctor')
    const directory = checkDirectory(config.dataDir)
    const files = ['keys/master', 'keys/pepper', 'initial-passwords', 'headgate.db'].map((name) =>
      checkSecretFile(join(config.dataDir, name)),
    )
    const tls = config.tls === undefined ? [] : [config.tls.cert, config.tls.key].map(checkReadable)
    const findings: Finding[] = [
      ...tls,
      directory,
      ...files.filter((finding) => finding !== undefined),
      ...checkSecurity(config),
    ]
    if (existsSync(join(config.dataDir, 'headgate.db'))) {
      const { store } = await openStore(config)
      findings.push(...(await checkStore(store)))
      await store.close()
    }
    for (const finding of findings) output.line(`${finding.ok ? 'ok   ' : 'look '} ${finding.text}`)
    if (findings.some((finding) => !finding.ok)) process.exitCode = 1
  },
}
