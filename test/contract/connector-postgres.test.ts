import { after, before } from 'node:test'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { connectorContract } from './connectors/contract.ts'
import { postgresEngine } from './connectors/postgres.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster()
})
after(() => cluster.stop())

connectorContract(postgresEngine(() => cluster))
