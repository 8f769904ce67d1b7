import { type Core, createCore } from '../core.ts'
import { openStore } from '../open-store.ts'
import type { Config } from '../config.ts'
import { userSubject } from '../features/authentication/lockout.ts'
import { generatePassword } from '../features/setup/initial-passwords.ts'
import { type Run, UsageError } from './command.ts'

const withCore = async <T>(config: Config, work: (core: Core) => Promise<T>): Promise<T> => {
  const opened = await openStore(config)
  try {
    return await work(createCore(opened, { config }))
  } finally {
    await opened.store.close()
  }
}

const requireName = (args: readonly string[], usage: string): string => {
  const [name] = args
  if (name === undefined || args.length > 1)
    throw new UsageError(`Usage: npm run headgate -- ${usage}`)
  return name
}

/** Both work beside a running server: it reads the truth at each sign-in. */
export const unlock: Run = async ({ args, config, output }) => {
  const name = requireName(args, 'admin unlock <user>')
  const ended = await withCore(config, (core) =>
    core.store.write(function* () {
      const user = yield* core.users.readByName(name)
      if (user === undefined) throw new Error(`There is no user ${name}.`)
      return yield* core.lockout.unlock(userSubject(user.id))
    }),
  )
  output.line(ended ? `${name} can sign in again.` : `${name} was not locked.`)
}

export const resetPassword: Run = async ({ args, config, output }) => {
  const name = requireName(args, 'admin reset-password <user>')
  const password = generatePassword()
  const done = await withCore(config, (core) => core.passwordChange.reset(name, password.reveal()))
  if (!done) throw new Error(`There is no user ${name}.`)
  output.line(`The new password of ${name}: ${password.reveal()}`)
}
