import assert from 'node:assert/strict'
import { AsyncResource } from 'node:async_hooks'
import { resolve } from 'node:path'
import { after, suite } from 'node:test'
import { getCACertificates } from 'node:tls'
import { pathToFileURL } from 'node:url'

const events = ['SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection'] as const

/** What belongs to the process, and would reach the next file of tests. */
const readProcess = () => ({
  directory: process.cwd(),
  umask: process.umask(),
  exitCode: process.exitCode,
  listeners: events.map((event) => process.listenerCount(event)),
  globals: [fetch, Date, setTimeout, setInterval, setImmediate],
  certificates: getCACertificates('default').length,
})

/** The names of the variables whose values differ; what they hold is not for a log. */
const changed = (from: NodeJS.ProcessEnv, to: NodeJS.ProcessEnv): readonly string[] =>
  Object.keys({ ...from, ...to }).filter((name) => from[name] !== to[name])

/** Answers a check that the process is as it was when it was last checked. */
const keepProcess = () => {
  let [found, environment] = [readProcess(), { ...process.env }]
  return (file: string): void => {
    const [before, known] = [found, environment]
    found = readProcess()
    environment = { ...process.env }
    assert.deepEqual(found, before, `${file} changes what belongs to the process`)
    assert.deepEqual(changed(known, environment), [], `${file} changes the environment`)
  }
}

/**
 * Runs files of tests one after the other in this process, each as a suite of its own: its hooks are about its tests
 * alone. A file that leaves the process otherwise than it found it fails; it says `// Alone in its process: why`.
 */
export const runTogether = (files: readonly string[]): void => {
  let check: ReturnType<typeof keepProcess> | undefined
  let loaded: Promise<unknown> = Promise.resolve()
  const ended = new Set<string>()
  // A test that ends the process would take the others with it, and nobody would miss them.
  process.once('exit', () => {
    if (ended.size < files.length) process.exitCode = 1
  })
  for (const file of files)
    suite(file, async () => {
      // What the runner itself wants of the process it has by now.
      check ??= keepProcess()
      // The tests of a module belong to the suite that imports it, not to the one that it had to wait for.
      const here = new AsyncResource('suite')
      const load = () => here.runInAsyncScope(() => import(pathToFileURL(resolve(file)).href))
      loaded = loaded.then(load, load)
      await loaded
      // The last hook, behind those of the file.
      here.runInAsyncScope(() =>
        after(() => {
          ended.add(file)
          check?.(file)
        }),
      )
      check(file)
    })
}
