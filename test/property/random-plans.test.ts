// The same requests every time; random-plans.long.ts tries others.
import { after, before } from 'node:test'
import { dialects } from '#sql/dialects/index.ts'
import { filesEngine } from '#test/contract/connectors/files.ts'
import { postgresEngine } from '#test/contract/connectors/postgres.ts'
import { sqliteEngine } from '#test/contract/connectors/sqlite.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { testPlans } from './plans/suite.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster()
})
after(() => cluster.stop())

const seed = 20_240_331
testPlans({ engine: sqliteEngine, dialect: dialects.sqlite, runs: [25, 40], seed })
testPlans({
  engine: postgresEngine(() => cluster),
  dialect: dialects.postgres,
  runs: [10, 20],
  seed,
})
testPlans({ engine: filesEngine, dialect: dialects.duckdb, runs: [8, 12], seed })
