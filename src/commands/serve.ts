import { serve as start } from '../serve.ts'
import { type Run, refuseWords } from './command.ts'

/** Runs the server until it is told to stop; then it finishes what is in flight and exits 0. */
export const serve: Run = async ({ args, config, output }) => {
  refuseWords(args, 'serve')
  const running = await start(config)
  if (running.passwordsFile !== undefined)
    output.line(
      `First passwords are in ${running.passwordsFile}. Sign in, change them, delete the file.`,
    )
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        output.error(`Stopping failed: ${String(error)}`)
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // Who reads this may send a signal at once.
  output.line(`Headgate is ready at ${running.url}`)
}
