// `node test/support/with-postgres.ts <arguments>`: runs Node with these arguments beside a PostgreSQL that ends with it.
import { spawn } from 'node:child_process'
import { openPostgresStore } from '#store/postgres/store.ts'
import { migrated } from './database.ts'
import { startCluster } from './postgres.ts'
import { createScratch } from './scratch.ts'

const scratch = createScratch()
process.once('exit', scratch.remove)
const cluster = await startCluster([], scratch.directory)

// Every server of the tests has a database of its own; what migrations make of one is made once.
await cluster.run(`create database ${migrated}`)
const store = await openPostgresStore({ url: cluster.urlOf(migrated), poolSize: 1, mode: 'auto' })
await store.close()

const child = spawn(process.execPath, process.argv.slice(2), {
  stdio: 'inherit',
  env: { ...process.env, HEADGATE_TEST_POSTGRES: cluster.url },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
const code = await new Promise<number>((resolve) =>
  child.once('exit', (status) => resolve(status ?? 1)),
)
await cluster.stop()
process.exitCode = code
