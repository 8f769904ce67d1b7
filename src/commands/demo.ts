import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import type { Core } from '../core.ts'
import { initialPasswordsFile } from '../features/setup/initial-passwords.ts'
import { createLogger } from '../http/log.ts'
import { Secret } from '../lib/secret.ts'
import { serve } from '../serve.ts'
import { type Run, type Output, UsageError } from './command.ts'
import { playStory } from './demo/story.ts'

/** The wanted port if it is free, else any. */
const freePort = (wanted: number): Promise<number> =>
  new Promise((resolvePort, reject) => {
    const probe = createServer()
    probe.once('error', () =>
      wanted === 0 ? reject(new Error('There is no free port.')) : resolvePort(freePort(0)),
    )
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        resolvePort(typeof address === 'object' && address !== null ? address.port : wanted),
      )
    })
  })

const configFor = async (config: Config, dataDir: string): Promise<Config> => {
  const port = await freePort(config.port)
  return {
    ...config,
    host: '127.0.0.1',
    port,
    publicUrl: `http://localhost:${port}`,
    dataDir,
    filesDir: join(dataDir, 'files'),
    database: undefined,
    demo: true,
  }
}

/** The password of the user demo, from the environment or from the file where a start wrote it. */
const demoPassword = async (core: Core, config: Config): Promise<Secret> => {
  const file = initialPasswordsFile(config.dataDir)
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  const line = lines.find((text) => text.startsWith('demo '))
  const password =
    config.demoPassword ?? (line === undefined ? undefined : new Secret(line.slice('demo '.length)))
  if (password === undefined || !(await core.passwordCheck.check('demo', password.reveal())))
    throw new Error(
      `The password of demo is not known any more: it is not the one in ${file} or in HEADGATE_DEMO_PASSWORD. Delete ${config.dataDir} to begin anew.`,
    )
  return password
}

const tellNext = (output: Output, url: string, passwords: string): void => {
  for (const line of [
    '',
    `Headgate keeps serving at ${url} (Ctrl+C ends it). Try next:`,
    `  the user's own pages      ${url}/account/applications   (user demo, password in ${passwords})`,
    `  the data, by Basic        curl -u demo ${url}/api/odata4/aviation/Airports?\\$top=3`,
    `  what is in it             curl -u demo ${url}/api/odata4/aviation/\\$metadata`,
    `  for a client library      ${url}/.well-known/oauth-authorization-server`,
    `  in Postman                auth URL ${url}/oauth2/authorize, token URL ${url}/oauth2/token, scope api.access.odata`,
  ])
    output.line(line)
}

/** The main job, alone: a server in a directory of its own, and the whole story against it. */
export const demo: Run = async ({ args, config, output }) => {
  const once = args.includes('--once')
  if (args.some((arg) => arg !== '--once')) throw new UsageError('Usage: npm run demo [-- --once]')
  const dataDir = once ? mkdtempSync(join(tmpdir(), 'headgate-demo-')) : resolve('demo-data')
  const demoConfig = await configFor(config, dataDir)
  const running = await serve(demoConfig, { logger: createLogger('warn') })
  const end = async (): Promise<void> => {
    await running.stop()
    if (once) rmSync(dataDir, { recursive: true, force: true })
  }
  const stop = (): void => void end().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  if (config.port !== 0 && demoConfig.port !== config.port)
    output.line(`Port ${config.port} is taken; this is on another one.`)
  output.line(
    `Headgate is ready at ${running.url}, on an embedded database in ${demoConfig.dataDir}.`,
  )
  try {
    const password = await demoPassword(running.core, demoConfig)
    await playStory(running.url, password.reveal(), output)
  } catch (error) {
    await end()
    throw error
  }
  if (once) {
    await end()
    return output.line('\nThat is all. Without --once the server keeps running.')
  }
  tellNext(output, running.url, initialPasswordsFile(dataDir))
}
