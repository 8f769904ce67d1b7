// `node test/support/run.ts [--timeout=<ms>] [--alone] [--times=<n>] <globs>`: runs tests, two processes at a time. A process has loaded the thousand
// modules of the server in a second, which most files of tests take to do their work: so a dozen of them share one. `--alone`: one file after
// the other, each in a process of its own, for those that need the machine. `--times`: how many times more of what is counted or random.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { createScratch } from './scratch.ts'

const processes = 2
const filesOfProcess = 12

/** What a file says that must not share: it changes what belongs to the process, or is as long as a dozen others. */
const wantsToBeAlone = (file: string): boolean =>
  /^\/\/ Alone in its process: /m.test(readFileSync(file, 'utf8'))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    timeout: { type: 'string' },
    alone: { type: 'boolean', default: false },
    times: { type: 'string', default: '1' },
  },
})
const factor = Number(values.times)
if (!Number.isInteger(factor) || factor < 1) throw new Error('--times is a whole number.')
/** A process that does not come to its end is ended. */
const longest = 600_000 * factor

const files = globSync(positionals).toSorted()
if (files.length === 0) throw new Error(`There is no test in ${positionals.join(' ')}.`)
const alone = values.alone ? files : files.filter(wantsToBeAlone)
const sharing = files.filter((file) => !alone.includes(file))

const scratch = createScratch()

/** Writes the file that runs these in one process; answers its path. */
const share = (together: readonly string[], index: number): string => {
  const path = join(scratch.directory, `together-${String(index).padStart(2, '0')}.mjs`)
  const module = new URL('together.ts', import.meta.url).href
  writeFileSync(
    path,
    `import { runTogether } from ${JSON.stringify(module)}\nrunTogether(${JSON.stringify(together)})\n`,
  )
  return path
}
const shared = Array.from({ length: Math.ceil(sharing.length / filesOfProcess) }, (_, index) =>
  share(sharing.slice(index * filesOfProcess, (index + 1) * filesOfProcess), index),
)

const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
const results = run({
  // The long ones first, so that no process is left to wait for one of them.
  files: [...alone.map((file) => resolve(file)), ...shared],
  concurrency: values.alone ? 1 : processes,
  timeout: longest,
  signal: ending.signal,
  execArgv: values.timeout === undefined ? [] : [`--test-timeout=${values.timeout}`],
  env: {
    ...process.env,
    TMPDIR: scratch.directory,
    HEADGATE_TEST_DISK: tmpdir(),
    HEADGATE_TEST_TIMES: values.times,
  },
})
results.on('test:fail', () => void (process.exitCode = 1))
results.compose(spec).pipe(process.stdout)
process.once('exit', scratch.remove)
