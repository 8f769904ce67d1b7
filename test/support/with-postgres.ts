// `node test/support/with-postgres.ts <arguments>`: runs Node with these arguments beside a PostgreSQL that ends with it.
import { spawn } from 'node:child_process'
import { startCluster } from './postgres.ts'

const cluster = await startCluster()
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
