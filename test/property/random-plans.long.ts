// Other requests every time. What failed is tried again with the seed that is printed: PLANS_SEED=… in the environment.
import { after, before } from 'node:test'
import { dialects } from '#sql/dialects/index.ts'
import { filesEngine } from '#test/contract/connectors/files.ts'
import { postgresEngine } from '#test/contract/connectors/postgres.ts'
import { sqliteEngine } from '#test/contract/connectors/sqlite.ts'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { times } from '#test/support/times.ts'
import { testPlans } from './plans/suite.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster()
})
after(() => cluster.stop())

const seed = Number(process.env['PLANS_SEED'] ?? Date.now() % 2 ** 31)
testPlans({ engine: sqliteEngine, dialect: dialects.sqlite, runs: [times(120), times(200)], seed })
testPlans({
  engine: postgresEngine(() => cluster),
  dialect: dialects.postgres,
  runs: [times(60), times(100)],
  seed,
})
testPlans({ engine: filesEngine, dialect: dialects.duckdb, runs: [times(40), times(50)], seed })
