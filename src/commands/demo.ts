import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { initialPasswordsFile } from '../features/setup/initial-passwords.ts'
import { createLogger } from '../http/log.ts'
import { Secret } from '../lib/secret.ts'
import { serve } from '../serve.ts'
import { type Command, type Output, UsageError } from './command.ts'
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
    demo: true,
  }
}

/** The password of the user demo, from the environment or from the file where a start wrote it. */
const demoPassword = (config: Config): Secret => {
  if (config.demoPassword !== undefined) return config.demoPassword
  const file = initialPasswordsFile(config.dataDir)
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((text) => text.startsWith('demo '))
  if (line === undefined)
    throw new Error(
      `${file} has no password for demo. Delete ${config.dataDir}, or set HEADGATE_DEMO_PASSWORD.`,
    )
  return new Secret(line.slice('demo '.length))
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
export const demo: Command = {
  name: ['demo'],
  usage: 'demo [--once]',
  summary: 'play the main job against a server of its own (npm run demo)',
  run: async ({ args, config, output }) => {
    const once = args.includes('--once')
    if (args.some((arg) => arg !== '--once'))
      throw new UsageError('Usage: npm run demo [-- --once]')
    const dataDir = once ? mkdtempSync(join(tmpdir(), 'headgate-demo-')) : resolve('demo-data')
    const demoConfig = await configFor(config, dataDir)
    const running = await serve(demoConfig, { logger: createLogger('warn') })
    output.line(`Headgate is ready at ${running.url}, on an embedded database in ${dataDir}.`)
    try {
      await playStory(running.url, demoPassword(demoConfig).reveal(), output)
    } catch (error) {
      await running.stop()
      throw error
    }
    if (once) {
      await running.stop()
      rmSync(dataDir, { recursive: true, force: true })
      output.line('\nThat is all. Without --once the server keeps running.')
      return
    }
    tellNext(output, running.url, initialPasswordsFile(dataDir))
    const stop = (): void => void running.stop().then(() => process.exit(0))
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  },
}
