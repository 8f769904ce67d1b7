import { openStore } from '../core.ts'
import type { Command } from './command.ts'

export const migrate: Command = {
  name: ['migrate'],
  usage: 'migrate',
  summary: 'bring the database to this release',
  run: async ({ config, output }) => {
    const { store } = await openStore(config)
    await store.close()
    output.line(`The database in ${config.dataDir} is up to date.`)
  },
}
