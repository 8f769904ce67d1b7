import { openStore } from '../core.ts'
import { type Command, refuseWords } from './command.ts'

export const migrate: Command = {
  name: ['migrate'],
  usage: 'migrate',
  summary: 'bring the database to this release',
  run: async ({ args, config, output }) => {
    refuseWords(args, 'migrate')
    const { store } = await openStore(config)
    await store.close()
    output.line(`The database in ${config.dataDir} is up to date.`)
  },
}
