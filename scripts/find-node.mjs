// Plain JavaScript, so that even an old Node can run it: finds the Node 24 that the server needs.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const isNewEnough = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 12)
}

/** The optional dependency for this machine, if `npm ci` brought one (docs/decisions/0001). */
const bundled = () => {
  const system = process.platform === 'win32' ? 'win' : process.platform
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  const url = new URL(`../node_modules/node-${system}-${process.arch}/bin/${file}`, import.meta.url)
  const path = fileURLToPath(url)
  return existsSync(path) ? path : undefined
}

/** The path of a Node that is new enough; ends the process with a sentence when there is none. */
export const findNode = () => {
  const found = isNewEnough() ? process.execPath : bundled()
  if (found !== undefined) return found
  console.error(
    `Headgate needs Node 24.12 or newer and found ${process.version}. Run \`npm ci\`, which brings Node 24 ` +
      'for Linux, for Intel Macs and for Windows, or install Node 24.',
  )
  process.exit(1)
}

/** Runs a Node with these arguments in the place of this process: same streams, signals and exit code. */
export const runInstead = (node, args) =>
  new Promise(() => {
    const child = spawn(node, args, { stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => child.kill(signal))
    child.once('error', (error) => {
      console.error(`${node} cannot be run: ${error.message}`)
      process.exit(1)
    })
    child.once('exit', (code, signal) =>
      process.exit(code ?? 128 + (constants.signals[signal] ?? 0)),
    )
  })
