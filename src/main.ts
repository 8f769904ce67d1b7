import { type Config, readConfig } from './config.ts'
import { type Output, UsageError } from './commands/command.ts'
import { commands } from './commands/index.ts'

const output: Output = {
  line: (text) => void process.stdout.write(`${text}\n`),
  error: (text) => void process.stderr.write(`${text}\n`),
}

const usage = (): string =>
  [
    'Usage: npm run headgate -- <command>',
    '',
    ...commands.map((command) => `  ${command.usage.padEnd(44)}${command.summary}`),
  ].join('\n')

const explain = async (error: unknown, config: Config): Promise<unknown> =>
  (await import('./start-errors.ts')).explainStartError(error, config)

/** The command line. What is wrong with it, or with the configuration, is one line and exit code 2 or 1. */
export const main = async (args: readonly string[]): Promise<void> => {
  // What is written is nobody else's business: databases, keys, first passwords.
  process.umask(0o077)
  if (['help', '--help', '-h'].includes(args[0] ?? '')) return output.line(usage())
  const command = commands.find(({ name }) => name.every((word, index) => args[index] === word))
  if (command === undefined) {
    output.error(
      `${args.length === 0 ? 'A command is missing.' : `There is no command ${args[0]}.`}\n\n${usage()}`,
    )
    process.exitCode = 2
    return
  }
  let config: Config | undefined
  try {
    config = readConfig()
    const run = await command.load()
    await run({ args: args.slice(command.name.length), config, output })
  } catch (error) {
    // Whichever command opens the database, what is wrong with it is said in the words of a start.
    const explained = config === undefined ? error : await explain(error, config)
    output.error(explained instanceof Error ? explained.message : String(explained))
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
}
